"""Operations over one websocket run side by side, stop when they should, and keep nothing for slow readers."""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from tests.unit.engine.sockets import (
    ACK,
    INIT,
    LIMITS,
    PART_CHARS,
    PROTOCOL,
    QUICK,
    WITHIN_S,
    Desk,
    ask,
    closed,
    code,
    complete,
    connected,
    hear,
    next_,
    say,
    serving,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus

from shimin import identity, messages
from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.db import Database
from shimin.identity import SignedIn
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.ids import CitizenId, new_id
from shimin.messages import SenderKind, SendMessage
from shimin_graphql.asgi import create_app
from shimin_graphql.engine.seats import Seats
from shimin_graphql.engine.websocket import WebSocketLimits

# ---- side by side, and stopped ---------------------------------------------------------------------------------------


async def test_completing_an_operation_stops_its_statement_and_no_other(db: Database) -> None:
    desk = Desk(db)
    async with desk.open() as address, connected(address) as socket:
        await say(socket, ask("{ slow }", "slow"))
        await asyncio.wait_for(desk.seen.begun.wait(), WITHIN_S)
        await say(socket, ask(QUICK, "quick"))
        assert [await hear(socket), await hear(socket)] == [next_({"quick": "here"}, "quick"), complete("quick")]
        assert not desk.seen.stopped.is_set()
        await say(socket, complete("slow"), ask(QUICK, "slow"))
        assert await hear(socket) == next_({"quick": "here"}, "slow"), (
            "the name is free, and nothing more is said of it"
        )
        assert desk.seen.stopped.is_set()
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT 1") == 1, "the connection is as good as before"


async def test_who_goes_away_stops_what_they_asked_for(db: Database) -> None:
    desk = Desk(db)
    async with desk.open() as address:
        async with connected(address) as socket:
            await say(socket, ask("{ slow }"))
            await asyncio.wait_for(desk.seen.begun.wait(), WITHIN_S)
            socket.transport.abort()
        await asyncio.wait_for(desk.seen.stopped.wait(), WITHIN_S)


async def test_an_operation_stopped_before_it_began_leaves_its_name_free() -> None:
    """All at once, so that the server finds each message as soon as it has taken the one before."""
    said = [INIT, ask("subscription { flood }"), complete(), ask(QUICK)]
    coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    coming.put_nowait({"type": "websocket.connect"})
    for message in said:
        coming.put_nowait({"type": "websocket.receive", "text": orjson.dumps(message).decode()})
    heard: list[Any] = []

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "websocket.send":
            heard.append(orjson.loads(event["text"]))
            if heard[-1] == complete():
                coming.put_nowait({"type": "websocket.disconnect", "code": 1005})

    scope = {"type": "websocket", "headers": [], "subprotocols": [PROTOCOL], "client": ("127.0.0.1", 1)}
    await asyncio.wait_for(Desk().endpoint()(scope, coming.get, send), WITHIN_S)
    assert heard == [ACK, next_({"quick": "here"}), complete()]


async def test_a_server_that_stops_says_so_and_stops_what_runs() -> None:
    desk = Desk()
    async with AsyncExitStack() as client:
        async with desk.open() as address:
            socket = await client.enter_async_context(
                connected(address, init={**INIT, "payload": {"authorization": "Bearer right"}})
            )
            await say(socket, ask("subscription { whoever }"))
            await hear(socket)
        assert await closed(socket) == (1012, ""), "service restart: a client comes back"
    assert desk.seen.stopped.is_set()


# ---- bounds ----------------------------------------------------------------------------------------------------------


async def test_a_connection_runs_so_many_operations_at_a_time() -> None:
    payload = {"authorization": "Bearer right"}
    async with Desk().open() as address, connected(address, init={**INIT, "payload": payload}) as socket:
        for number in range(LIMITS.operations_max):
            await say(socket, ask("subscription { whoever }", str(number)))
            assert (await hear(socket))["type"] == "next"
        await say(socket, ask(QUICK, "more"))
        assert code(await hear(socket)) == "OPERATIONS_TOO_MANY"
        await say(socket, complete("0"), ask(QUICK, "more"))
        assert await hear(socket) == next_({"quick": "here"}, "more")


async def test_a_caller_has_so_many_connections_and_gets_them_back() -> None:
    desk = Desk(seats=Seats(streams_max=2, streams_per_caller_max=1))
    citizen = {**INIT, "payload": {"authorization": "Bearer right"}}
    async with desk.open() as address:
        async with connected(address), connected(address, init=None) as second, connected(address, init=citizen):
            await say(second, INIT)
            assert await closed(second) == (1013, "STREAMS_FULL")
        async with connected(address), connected(address, init=None) as second:
            await say(second, INIT)
            assert await closed(second) == (4403, "STREAMS_TOO_MANY")
        async with connected(address):
            pass


async def test_who_has_not_said_who_they_are_cannot_take_all_the_room() -> None:
    async with Desk().open() as address, connected(address, init=None) as first, connected(address, init=None):
        async with connected(address, init=None) as third:
            assert await closed(third) == (1013, "STREAMS_FULL")
        await say(first, INIT)
        assert await hear(first) == ACK
        async with connected(address):
            pass


async def test_nothing_is_kept_for_a_reader_that_takes_nothing_and_it_is_left() -> None:
    limits = WebSocketLimits(send_timeout_s=0.5)
    desk = Desk(limits=limits)
    async with desk.open() as address, connected(address, max_queue=1) as socket:
        await say(socket, ask("subscription { flood }"))
        await asyncio.wait_for(desk.seen.stopped.wait(), 20)
        parts, taken_chars = desk.seen.parts, 0
        with pytest.raises(ConnectionClosed):
            while True:
                taken_chars += len(await asyncio.wait_for(socket.recv(), WITHIN_S))
    assert parts * PART_CHARS < 30_000_000, "no more than the two kernels' buffers hold"
    assert taken_chars >= (parts - 3) * PART_CHARS, "all but the last was handed over"


# ---- the platform ----------------------------------------------------------------------------------------------------

NONCE, PHONE = "device-nonce-of-the-citizen", "+8619900009997"


async def sign_in(platform: Platform) -> SignedIn:
    """Register a citizen and sign them in."""
    async with platform.db.unit() as unit:
        await identity.register(system_call(), PHONE, unit=unit, clock=platform.clock)
    nobody = Call(actor=ANONYMOUS)
    await identity.request_code(
        nobody,
        identity.RequestCode(phone=PHONE, nonce=NONCE),
        db=platform.db,
        notifier=platform.notifier,
        cache=platform.cache,
        tokens=platform.tokens,
        clock=platform.clock,
    )
    assert platform.dev_inbox is not None
    [sent] = re.findall(r"\b[0-9]{6}\b", platform.dev_inbox.notices()[-1].body)
    proof = identity.SignIn(phone=PHONE, code=sent, nonce=NONCE, device_name="Phone", capacity="citizen")
    return await identity.sign_in(nobody, proof, db=platform.db, tokens=platform.tokens, clock=platform.clock)


async def test_a_message_arrives_live_and_signing_out_ends_the_connection(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url), worker="embedded")
    async with open_platform(settings) as platform, serving(create_app(settings, platform)) as address:
        with pytest.raises(InvalidStatus) as unknown:
            async with connected(address + "/elsewhere"):
                pass
        assert unknown.value.response.status_code == 403
        signed_in = await sign_in(platform)
        citizen_id = CitizenId(signed_in.session.subject_id)
        payload = {"authorization": f"Bearer {signed_in.access_token}", "accept-language": "en"}
        async with connected(address, init={**INIT, "payload": payload}) as socket:
            await say(socket, ask("subscription { messageArrived { id title } }"))
            async with asyncio.timeout(WITHIN_S):
                while not any(citizen_id in topic for topic in platform.pubsub.topics):  # type: ignore[attr-defined]  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            order = SendMessage(
                id=new_id("msg"),
                citizen_id=citizen_id,
                sender_kind=SenderKind.PLATFORM,
                sender="platform",
                template="payment.failed",
                values={"subject": "Contribution", "amount": "42.00 CNY"},
                payment_id=None,
            )
            async with platform.db.unit() as unit:
                await messages.send(system_call(on_behalf_of=citizen_id), order, unit=unit, clock=platform.clock)
            [heard] = [await hear(socket)]
            assert heard["payload"]["data"]["messageArrived"]["id"] == order.id
            assert heard["payload"]["data"]["messageArrived"]["title"].isascii(), "in the language that was asked for"
            await say(socket, ask("mutation { signOut { __typename } }", "out"))
            assert (await hear(socket))["id"] == "out"
            await say(socket, ask("{ viewer { __typename } }", "again"))
            assert await closed(socket) == (4403, "SESSION_ENDED")
