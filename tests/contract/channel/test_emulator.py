"""The channel's contract against the emulator as a real server, and what the adapter believes of what it hears."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.adapters.emulator_channel import (
    CHANNEL_NONCE,
    TIMEOUT_S,
    EmulatorChannel,
    open_emulator_channel,
)
from shimin.db import Database
from shimin.demo.channel import channel_app, open_keys
from shimin.kit.clock import SystemClock
from shimin.kit.held import UnitHeldDuringIo
from shimin.kit.ids import new_id
from shimin.kit.money import Money
from shimin.ports.channel import ChannelUnavailable, Charge, ForgedNotification

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port in a thread of its own; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Webhook:
    """Hears notifications and answers as the test says."""

    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def hear(self, request: Request) -> Response:
        """Keep what was said; answer with the next planned status, then 200."""
        self.heard.append(({name.lower(): value for name, value in request.headers.items()}, await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    async def wait(self, count: int) -> None:
        """Return when this many were heard."""
        async with asyncio.timeout(10):
            while len(self.heard) < count:  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.01)


@dataclass
class Network:
    """A running emulator, its folder, its webhook and the channel to it."""

    url: str
    folder: Path
    webhook: Webhook
    channel: EmulatorChannel

    async def plan(self, *outcomes: str, delay_s: float = 0.05) -> None:
        """Decide what becomes of the next charges."""
        answer = await self.admin("POST", "/admin/next", json={"outcomes": outcomes, "delay_s": delay_s})
        assert answer.status_code == 200, answer.text

    async def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Use an administrative path."""
        secret = (self.folder / "secrets" / "channel-merchant.key").read_bytes().hex()
        async with httpx.AsyncClient(base_url=self.url, headers={"authorization": f"Bearer {secret}"}) as client:
            return await client.request(method, path, **more)


@pytest.fixture
def webhook() -> Webhook:
    """Give a webhook that takes everything."""
    return Webhook()


@pytest.fixture
async def network(tmp_path: Path, webhook: Webhook) -> AsyncIterator[Network]:
    """Give a running network that tells a running webhook."""
    with serving(Starlette(routes=[Route("/hook", webhook.hear, methods=["POST"])])) as hook_url:
        app = channel_app(
            tmp_path / "channel.db", tmp_path / "secrets", webhook_url=f"{hook_url}/hook", delay_s=0.05, late_s=0.5
        )
        with serving(app) as url:
            channel = open_emulator_channel(url, tmp_path / "secrets", mode="development")
            yield Network(url, tmp_path, webhook, channel)
            await channel.close()


def a_charge(amount_minor: int = 36000) -> Charge:
    """Return a charge nobody made before."""
    return Charge(new_id("pay"), Money(amount_minor), "城乡居民养老保险")


# ------------------------------------------------------------------------------------------------------ the port
async def test_charging_twice_collects_once(network: Network) -> None:
    charge = a_charge()
    first, again = await network.channel.charge(charge), await network.channel.charge(charge)
    assert (first.state, first.amount, first.payment_id) == ("pending", charge.amount, charge.payment_id)
    assert again.channel_ref == first.channel_ref
    await network.webhook.wait(1)
    await asyncio.sleep(0.2)
    assert len(network.webhook.heard) == 1
    assert [charged["asked"] for charged in (await network.admin("GET", "/admin/charges")).json()] == [2]


async def test_one_id_with_two_amounts_is_refused(network: Network) -> None:
    charge = a_charge()
    await network.channel.charge(charge)
    with pytest.raises(ChannelUnavailable):
        await network.channel.charge(Charge(charge.payment_id, Money(1), charge.subject))
    assert (await network.channel.query(charge.payment_id)).amount == charge.amount


async def test_what_was_never_charged_is_unknown(network: Network) -> None:
    event = await network.channel.query(new_id("pay"))
    assert (event.state, event.amount) == ("unknown", None)


async def test_a_notification_is_believed_and_says_what_the_query_says(network: Network) -> None:
    await network.plan("pay", "fail")
    for state in ("settled", "failed"):
        network.webhook.heard.clear()
        charge = a_charge()
        await network.channel.charge(charge)
        await network.webhook.wait(1)
        told = network.channel.read_notification(*network.webhook.heard[0])
        asked = await network.channel.query(charge.payment_id)
        assert (told.state, told.amount, told.payment_id) == (state, charge.amount, charge.payment_id)
        assert (asked.state, asked.amount, asked.channel_ref) == (state, told.amount, told.channel_ref)


async def test_an_answer_that_comes_too_late_is_no_answer_and_the_outcome_is_found_by_query(network: Network) -> None:
    await network.plan("unanswered")
    charge = a_charge()
    started = asyncio.get_running_loop().time()
    with pytest.raises(ChannelUnavailable):
        await network.channel.charge(charge)
    assert asyncio.get_running_loop().time() - started < TIMEOUT_S + 1
    assert (await network.channel.query(charge.payment_id)).state == "settled"


async def test_a_network_that_is_away_is_unavailable(tmp_path: Path) -> None:
    open_keys(tmp_path)
    channel = open_emulator_channel("http://127.0.0.1:9", tmp_path, mode="development")
    with pytest.raises(ChannelUnavailable):
        await channel.charge(a_charge())
    with pytest.raises(ChannelUnavailable):
        await channel.query(new_id("pay"))
    await channel.close()


async def test_a_channel_without_keys_yet_is_unavailable_and_believes_nothing(tmp_path: Path) -> None:
    channel = open_emulator_channel("http://127.0.0.1:9", tmp_path, mode="development")
    with pytest.raises(ChannelUnavailable):
        await channel.query(new_id("pay"))
    with pytest.raises(ForgedNotification):
        channel.read_notification({}, b"{}")
    await channel.close()


async def test_nobody_calls_a_network_inside_a_unit(db: Database, network: Network) -> None:
    async with db.unit():
        with pytest.raises(UnitHeldDuringIo):
            await network.channel.query(new_id("pay"))


def test_no_money_depends_on_an_emulator_in_production(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentOnly):
        open_emulator_channel("http://127.0.0.1:8102", tmp_path, mode="production")


def event_members(payment_id: str = "pay_1") -> dict[str, Any]:
    """Return what the network says of a settled charge."""
    return {
        "event_id": "evt_1",
        "payment_id": payment_id,
        "state": "settled",
        "amount_minor": 36000,
        "currency": "CNY",
        "channel_ref": "chn_1",
    }


# -------------------------------------------------------------------------------------------- who speaks to whom
async def test_the_network_answers_only_its_merchant(network: Network, tmp_path: Path) -> None:
    stranger_keys = tmp_path / "stranger"
    open_keys(stranger_keys)
    stranger = open_emulator_channel(network.url, stranger_keys, mode="development")
    charge = a_charge()
    with pytest.raises(ChannelUnavailable):
        await stranger.charge(charge)
    await stranger.close()
    assert (await network.channel.query(charge.payment_id)).state == "unknown"
    async with httpx.AsyncClient(base_url=network.url) as client:
        assert (await client.get(f"/charges/{charge.payment_id}")).status_code == 401
        assert (await client.post("/admin/next", json={"outcomes": ["fail"]})).status_code == 404
        assert (await client.get("/admin/charges")).status_code == 404


async def test_an_answer_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    """A server in the network's place knows neither its key nor, with an old answer, this question's nonce."""
    keys, impostor = open_keys(tmp_path / "real"), open_keys(tmp_path / "impostor")
    payment_id = new_id("pay")
    body = json.dumps(event_members(payment_id)).encode()
    answers: list[Callable[[str], dict[str, str]]] = [
        lambda nonce: impostor.sign(body, nonce=nonce, at_s=int(SystemClock().now().timestamp())),
        lambda _: keys.sign(body, nonce="an-older-question", at_s=int(SystemClock().now().timestamp())),
        lambda nonce: keys.sign(body, nonce=nonce, at_s=int(SystemClock().now().timestamp()) - 301),
        lambda nonce: keys.sign(body + b" ", nonce=nonce, at_s=int(SystemClock().now().timestamp())),
        lambda _: {},
    ]

    async def answer(request: Request) -> Response:
        return Response(body, headers=answers[0](request.headers["shimin-nonce"]), media_type="application/json")

    with serving(Starlette(routes=[Route("/charges/{id}", answer)])) as url:
        channel = open_emulator_channel(url, tmp_path / "real", mode="development")
        while answers:
            with pytest.raises(ChannelUnavailable):
                await channel.query(payment_id)
            answers.pop(0)
        answers.append(lambda nonce: keys.sign(body, nonce=nonce, at_s=int(SystemClock().now().timestamp())))
        assert (await channel.query(payment_id)).state == "settled"
        with pytest.raises(ChannelUnavailable):
            await channel.query(new_id("pay"))
        await channel.close()


async def test_an_endless_answer_and_a_redirect_are_no_answers(tmp_path: Path) -> None:
    open_keys(tmp_path)

    async def endless(_: Request) -> Response:
        return Response(b" " * 100_000)

    async def elsewhere(_: Request) -> Response:
        return Response(status_code=307, headers={"location": "/charges/endless"})

    routes = [Route("/charges/endless", endless), Route("/charges/elsewhere", elsewhere)]
    with serving(Starlette(routes=routes)) as url:
        channel = open_emulator_channel(url, tmp_path, mode="development")
        for payment_id in ("endless", "elsewhere"):
            with pytest.raises(ChannelUnavailable):
                await channel.query(payment_id)
        await channel.close()


# ----------------------------------------------------------------------------------------------------- the emulator
async def test_a_notification_is_repeated_until_it_is_taken(network: Network) -> None:
    network.webhook.statuses = [500, 503, 404]
    charge = a_charge()
    await network.channel.charge(charge)
    await network.webhook.wait(4)
    events = [network.channel.read_notification(*heard) for heard in network.webhook.heard]
    assert len({event.event_id for event in events}) == 1
    assert len({heard[0][CHANNEL_NONCE] for heard in network.webhook.heard}) == 4
    await asyncio.sleep(0.3)
    assert len(network.webhook.heard) == 4


async def test_each_planned_outcome_tells_what_it_promises(network: Network) -> None:
    expected = {
        "pay": ["settled"],
        "fail": ["failed"],
        "late": ["settled"],
        "lost": [],
        "twice": ["settled"] * 5,
        "out_of_order": ["settled", "failed"],
        "forged": ["forged", "settled"],
        "amount_different": ["other amount"],
    }
    for outcome, sayings in expected.items():
        network.webhook.heard.clear()
        await network.plan(outcome)
        charge = a_charge()
        await network.channel.charge(charge)
        await network.webhook.wait(len(sayings))
        await asyncio.sleep(0.3)
        said: list[str] = []
        for headers, body in network.webhook.heard:
            try:
                event = network.channel.read_notification(headers, body)
                said.append(event.state if event.amount == charge.amount else "other amount")
            except ForgedNotification:
                said.append("forged")
        assert said == sayings, outcome
        assert (await network.channel.query(charge.payment_id)).state == ("failed" if outcome == "fail" else "settled")


async def test_a_restarted_network_still_knows_its_charges_and_tells_what_it_owes(
    tmp_path: Path, webhook: Webhook
) -> None:
    charge = a_charge()
    files = (tmp_path / "channel.db", tmp_path / "secrets")
    with serving(channel_app(*files, webhook_url="http://127.0.0.1:9/hook", delay_s=0.05)) as url:
        channel = open_emulator_channel(url, tmp_path / "secrets", mode="development")
        first = await channel.charge(charge)
        await asyncio.sleep(0.3)
        await channel.close()
    with (
        serving(Starlette(routes=[Route("/hook", webhook.hear, methods=["POST"])])) as hook_url,
        serving(channel_app(*files, webhook_url=f"{hook_url}/hook", delay_s=0.05)) as url,
    ):
        channel = open_emulator_channel(url, tmp_path / "secrets", mode="development")
        assert (await channel.query(charge.payment_id)).channel_ref == first.channel_ref
        await webhook.wait(1)
        assert channel.read_notification(*webhook.heard[0]).payment_id == charge.payment_id
        await channel.close()


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first, again = open_keys(tmp_path / "secrets"), open_keys(tmp_path / "secrets")
    assert first.merchant == again.merchant
    assert first.private.private_numbers() == again.private.private_numbers()
    assert {oct(os.stat(file).st_mode & 0o777) for file in (tmp_path / "secrets").iterdir()} == {"0o600"}  # noqa: PTH116
