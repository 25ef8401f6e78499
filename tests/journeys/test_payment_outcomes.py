"""A payment from the citizen's yes to its end: the emulator as a server, the webhook as a server, every outcome."""

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shimin import ledger, payments
from shimin.adapters.emulator_channel import open_emulator_channel
from shimin.db import Database, Relay, open_database
from shimin.demo.channel import channel_app, open_keys
from shimin.kit.call import Actor, Call, system_call
from shimin.kit.clock import SystemClock
from shimin.kit.fact import Fact
from shimin.kit.ids import CitizenId, DepartmentId, new_id
from shimin.kit.money import Money
from shimin.kit.refusal import Refusal
from shimin_graphql.routes.webhooks import NOTIFICATION_BYTES_MAX, channel_webhook

CITIZEN = CitizenId("ctz_" + "1" * 32)
LIN = Call(actor=Actor(kind="citizen", id=CITIZEN, citizen_id=CITIZEN, assurance=2))
PAID = {"channel:emulator:clearing:CNY": -36000, "department:hrss.linhai:payee:CNY": 36000}
CLOCK = SystemClock()
CHASE_AFTER_S = 1.0
NEVER_S = 3600.0


@contextmanager
def serving(app: Starlette, port: int = 0) -> Iterator[str]:
    """Serve an application in a thread of its own; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
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


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def platform_app(
    database_url: str, models: tuple[str, ...], emulator_url: str, folder: Path, *, chase_after_s: float = CHASE_AFTER_S
) -> Starlette:
    """Return a server with the real webhook route, relaying facts and chasing payments as the platform does."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return JSONResponse({"code": error.code}, status_code=error.http_status)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        db = await open_database(database_url, models=models, pool_size=5)
        channel = open_emulator_channel(emulator_url, folder / "secrets", mode="development")
        app.state.platform = SimpleNamespace(db=db, channel=channel, clock=CLOCK)

        async def charge(_: str, fact: Fact) -> None:
            await payments.charge(system_call(), fact.key, db=db, channel=channel, clock=CLOCK)

        async def chase() -> None:
            while True:
                await asyncio.sleep(0.2)
                await payments.chase(system_call(), db=db, channel=channel, clock=CLOCK, older_than_s=chase_after_s)

        tasks = [
            asyncio.create_task(Relay(db, {"payment.confirmed": [charge]}, clock=CLOCK).run()),
            asyncio.create_task(chase()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await channel.close()
        await db.close()

    return Starlette(
        routes=[Route("/webhooks/channels/{name}", channel_webhook, methods=["POST"])],
        lifespan=lifespan,
        exception_handlers={Refusal: refused},
    )


@dataclass
class Town:
    """Everything that runs, and the citizen's part in it."""

    db: Database
    emulator_url: str
    server_url: str
    folder: Path

    async def plan(self, *outcomes: str) -> None:
        """Decide what becomes of the next charges."""
        secret = (self.folder / "secrets" / "channel-merchant.key").read_bytes().hex()
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=self.emulator_url, headers=headers) as client:
            answer = await client.post("/admin/next", json={"outcomes": outcomes, "delay_s": 0.1})
        assert answer.status_code == 200

    async def pay(self, reference: str = "SI-1") -> payments.Payment:
        """Ask for a payment and say yes to it."""
        bill = payments.BillDetails(
            source="hrss",
            department_id=DepartmentId("hrss.linhai"),
            reference=reference,
            title="城乡居民养老保险 2026",
            payee="临海市人力资源和社会保障局",
            amount=Money(36000),
            due_on=date(2026, 12, 31),
            for_citizen=CITIZEN,
        )
        async with self.db.unit() as unit:
            order = payments.RequestPayment(new_id("pay"), bill)
            payment = await payments.request(LIN, order, unit=unit, clock=CLOCK)
        async with self.db.unit() as unit:
            return await payments.confirm(LIN, payments.ConfirmPayment(payment.id), unit=unit, clock=CLOCK)

    async def end(self, payment: payments.Payment, *, within_s: float = 20) -> str:
        """Wait for the payment's end and return its state."""
        async with asyncio.timeout(within_s):
            while (state := await self.state(payment)) == "CONFIRMED":  # noqa: ASYNC110 - another process decides it
                await asyncio.sleep(0.05)
        return state

    async def state(self, payment: payments.Payment) -> str:
        async with self.db.reader() as reader:
            return str(await reader.fetch_value("SELECT state FROM payment WHERE id = $1", payment.id))

    async def outcomes(self, payment: payments.Payment) -> list[str]:
        """Return what each event of this payment did."""
        sql = "SELECT outcome FROM payment_event WHERE payment_id = $1 ORDER BY outcome"
        async with self.db.reader() as reader:
            return [row["outcome"] for row in await reader.fetch(sql, payment.id)]

    async def settled_facts(self) -> int:
        async with self.db.reader() as reader:
            return int(await reader.fetch_value("SELECT COUNT(*) FROM outbox WHERE name = 'payment.settled'"))

    async def check(self, expected: dict[str, int]) -> None:
        """Expect these balances and that everything adds up."""
        async with self.db.reader(snapshot=True) as reader:
            report = await ledger.verify(reader)
            problems = await payments.verify(reader)
        assert (report.findings, problems) == ((), [])
        balances = {account.id: account.posted.amount_minor for account in report.balance.accounts}
        assert {name: amount for name, amount in balances.items() if amount} == expected

    async def tell(self, body: bytes, headers: dict[str, str], name: str = "emulator") -> httpx.Response:
        """Send the webhook something."""
        async with httpx.AsyncClient(base_url=self.server_url) as client:
            return await client.post(f"/webhooks/channels/{name}", content=body, headers=headers)

    async def event_count(self) -> int:
        async with self.db.reader() as reader:
            return int(await reader.fetch_value("SELECT COUNT(*) FROM payment_event"))


@pytest.fixture
async def town(database_url: str, models: tuple[str, ...], tmp_path: Path) -> AsyncIterator[Town]:
    """Give a running network and a running server that hear each other."""
    port = free_port()
    with serving(platform_app(database_url, models, f"http://127.0.0.1:{port}", tmp_path)) as server_url:
        hook = f"{server_url}/webhooks/channels/emulator"
        app = channel_app(tmp_path / "channel.db", tmp_path / "secrets", webhook_url=hook, delay_s=0.1, late_s=1)
        with serving(app, port) as emulator_url:
            db = await open_database(database_url, models=models, pool_size=3)
            yield Town(db, emulator_url, server_url, tmp_path)
            await db.close()


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("pay", "SETTLED"),
        ("fail", "FAILED"),
        ("late", "SETTLED"),
        ("lost", "SETTLED"),
        ("twice", "SETTLED"),
        ("out_of_order", "SETTLED"),
        ("forged", "SETTLED"),
        ("amount_different", "SETTLED"),
        ("unanswered", "SETTLED"),
    ],
)
async def test_whatever_the_network_does_the_payment_ends_once_and_right(town: Town, outcome: str, state: str) -> None:
    await town.plan(outcome)
    payment = await town.pay()
    assert await town.end(payment) == state
    await asyncio.sleep(0.5)
    outcomes = await town.outcomes(payment)
    settled = state == "SETTLED"
    assert outcomes.count("APPLIED") == 1
    assert ("AMOUNT_MISMATCH" in outcomes) == (outcome == "amount_different")
    assert await town.settled_facts() == settled
    await town.check(PAID if settled else {})


async def test_twenty_payments_with_mixed_outcomes_all_end_right(town: Town) -> None:
    plan = ["pay", "twice", "out_of_order", "fail", "lost"] * 4
    await town.plan(*plan)
    made = [await town.pay(f"SI-{number}") for number in range(20)]
    ends = [await town.end(payment) for payment in made]
    await asyncio.sleep(0.5)
    assert ends.count("FAILED") == 4
    assert ends.count("SETTLED") == 16
    assert await town.settled_facts() == 16
    await town.check({name: 16 * amount for name, amount in PAID.items()})


async def test_a_notification_for_a_dead_server_arrives_when_it_is_back(
    database_url: str, models: tuple[str, ...], tmp_path: Path
) -> None:
    """The server dies after the charge; the network keeps telling; the next server on the port hears it."""
    port, server_port = free_port(), free_port()
    emulator_url = f"http://127.0.0.1:{port}"
    hook = f"http://127.0.0.1:{server_port}/webhooks/channels/emulator"
    app = channel_app(tmp_path / "channel.db", tmp_path / "secrets", webhook_url=hook, delay_s=1.0)
    town_args = (database_url, models, emulator_url, tmp_path)
    with serving(app, port):
        db = await open_database(database_url, models=models, pool_size=3)
        with serving(platform_app(*town_args, chase_after_s=NEVER_S), server_port) as server_url:
            town = Town(db, emulator_url, server_url, tmp_path)
            payment = await town.pay()
            async with asyncio.timeout(10):
                channel = open_emulator_channel(emulator_url, tmp_path / "secrets", mode="development")
                while (await channel.query(payment.id)).state == "unknown":  # noqa: ASYNC110 - likewise
                    await asyncio.sleep(0.05)
                await channel.close()
        await asyncio.sleep(1.5)
        assert await town.state(payment) == "CONFIRMED"
        with serving(platform_app(*town_args, chase_after_s=NEVER_S), server_port):
            assert await town.end(payment) == "SETTLED"
        await town.check(PAID)
        await db.close()


# ----------------------------------------------------------------------------------------------------- the webhook
def notification(payment: payments.Payment, **changed: Any) -> bytes:
    """Return what a network says of a payment."""
    members = {
        "event_id": f"evt_{secrets.token_hex(8)}",
        "payment_id": payment.id,
        "state": "settled",
        "amount_minor": 36000,
        "currency": "CNY",
        "channel_ref": "chn_1",
    }
    return json.dumps({**members, **changed}).encode()


async def held_payment(town: Town) -> payments.Payment:
    """Return a confirmed payment whose outcome the network keeps to itself for a minute."""
    secret = (town.folder / "secrets" / "channel-merchant.key").read_bytes().hex()
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=town.emulator_url, headers=headers) as client:
        await client.post("/admin/next", json={"outcomes": ["lost"], "delay_s": 60})
    return await town.pay()


async def test_a_forged_notification_is_refused_and_changes_nothing(town: Town) -> None:
    payment = await held_payment(town)
    keys, stranger = open_keys(town.folder / "secrets"), open_keys(town.folder / "stranger")
    body = notification(payment)
    now = int(CLOCK.now().timestamp())
    real = keys.sign(body, nonce="n", at_s=now)
    forged = {
        "unsigned": {},
        "a stranger's": stranger.sign(body, nonce="n", at_s=now),
        "of another body": keys.sign(body + b" ", nonce="n", at_s=now),
        "too old": keys.sign(body, nonce="n", at_s=now - 310),
        "with another nonce": {**real, "shimin-channel-nonce": "m"},
    }
    for why, headers in forged.items():
        answer = await town.tell(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "FORGED_NOTIFICATION"), why
    assert await town.event_count() == 0
    assert await town.state(payment) == "CONFIRMED"
    assert (await town.tell(body, real)).json() == {"outcome": "APPLIED", "first": True}
    assert await town.state(payment) == "SETTLED"
    await town.check(PAID)


async def test_twenty_copies_at_once_are_all_answered_well_and_count_once(town: Town) -> None:
    payment = await held_payment(town)
    keys = open_keys(town.folder / "secrets")
    body = notification(payment)
    headers = keys.sign(body, nonce="n", at_s=int(CLOCK.now().timestamp()))
    answers = await asyncio.gather(*(town.tell(body, headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["first"] for answer in answers) == 1
    assert await town.settled_facts() == 1
    await town.check(PAID)


async def test_the_network_is_told_what_to_do_next(town: Town) -> None:
    """404 asks it to tell again, 409 that the amount is disputed, 413 that nobody reads that much."""
    payment = await held_payment(town)
    keys = open_keys(town.folder / "secrets")

    async def told(body: bytes, name: str = "emulator") -> tuple[int, str]:
        headers = keys.sign(body, nonce="n", at_s=int(CLOCK.now().timestamp()))
        answer = await town.tell(body, headers, name)
        return answer.status_code, answer.json()["code"]

    assert await told(notification(payment, payment_id=new_id("pay"))) == (404, "PAYMENT_UNKNOWN")
    assert await told(notification(payment, amount_minor=1)) == (409, "AMOUNT_MISMATCH")
    assert await told(notification(payment), "otherpay") == (404, "CHANNEL_UNKNOWN")
    assert await told(b" " * (NOTIFICATION_BYTES_MAX + 1)) == (413, "BODY_TOO_LARGE")
    assert await town.state(payment) == "CONFIRMED"
    assert await town.event_count() == 2
    await town.check({})
