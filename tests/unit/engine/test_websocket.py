"""Operations over websockets follow graphql-transport-ws, end with their session, and keep nothing for slow readers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
import uvicorn
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from shimin import identity, messages
from shimin.assembly import Platform, open_platform
from shimin.cli.serve import WS_PING_INTERVAL_S, WS_PING_TIMEOUT_S
from shimin.config import Settings
from shimin.db import Database
from shimin.identity import SessionEnded, SignedIn
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.ids import CitizenId, new_id
from shimin.messages import SenderKind, SendMessage
from shimin.ports.tokens import TokenInvalid
from shimin_graphql.asgi import create_app
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.seats import Seats
from shimin_graphql.engine.websocket import WebSocketEndpoint, WebSocketLimits
from shimin_graphql.types.base import ANYONE, CITIZEN, subscription
from shimin_graphql.types.base import field as declare

MESSAGE_BYTES_MAX = 4_096
PROTOCOL = Subprotocol("graphql-transport-ws")
LIMITS = WebSocketLimits(message_bytes_max=MESSAGE_BYTES_MAX, operations_max=3, waiting_max=2, init_timeout_s=5)
PART_CHARS = 50_000
WITHIN_S = 5
INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
SLOW = {
    "postgres": "SELECT pg_sleep(60)::text",
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
}


@dataclass
class Seen:
    """What the operations of a test went through."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    parts: int = 0
    signed_out: bool = False


@strawberry.type
class Query:
    @declare(allow=ANYONE)
    async def quick(self) -> str:
        """Answer at once."""
        return "here"

    @declare(allow=ANYONE)
    async def broken(self) -> str:
        """Fail with something that must not be seen."""
        raise RuntimeError("password=hunter2")

    @declare(allow=ANYONE)
    async def slow(self, info: Info) -> str:
        """Ask for something that takes a minute."""
        platform: Any = info.context.platform
        try:
            async with platform.db.reader() as reader:
                platform.seen.begun.set()
                await reader.fetch(SLOW[platform.db.engine])
        finally:
            platform.seen.stopped.set()
        return "done"


@strawberry.type
class Subscription:
    @subscription(allow=ANYONE)
    async def count(self, to: int) -> AsyncIterator[int]:
        """Count from one."""
        for number in range(1, to + 1):
            yield number

    @subscription(allow=CITIZEN)
    async def whoever(self, info: Info) -> AsyncIterator[str]:
        """Say who listens, and wait."""
        CITIZEN.check(info.context.call)
        yield info.context.call.actor.id
        await asyncio.Event().wait()

    @subscription(allow=ANYONE)
    async def flood(self, info: Info) -> AsyncIterator[str]:
        """Send as fast as it is taken, without an end."""
        seen: Seen = info.context.platform.seen  # type: ignore[attr-defined]
        try:
            while True:
                seen.parts += 1
                yield "x" * PART_CHARS
                await asyncio.sleep(0)
        finally:
            seen.stopped.set()

    @subscription(allow=ANYONE)
    async def breaking(self) -> AsyncIterator[int]:
        """Begin, and fail."""
        yield 1
        raise RuntimeError("password=hunter2")


SCHEMA = strawberry.Schema(Query, subscription=Subscription)._schema
QUICK = "{ quick }"


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an application as ``shimin serve`` does."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="auto",
        log_level="critical",
        timeout_graceful_shutdown=1,
        ws="websockets-sansio",
        ws_max_size=1_000_000,
        ws_per_message_deflate=False,
        ws_ping_interval=WS_PING_INTERVAL_S,
        ws_ping_timeout=WS_PING_TIMEOUT_S,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server announces nothing
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql/ws"
    finally:
        server.should_exit = True
        await running


@dataclass
class Desk:
    """The endpoint on a schema of its own, and what becomes of it."""

    db: Database | None = None
    limits: WebSocketLimits = LIMITS
    seats: Seats = field(default_factory=Seats)
    texts_allowed: bool = True
    seen: Seen = field(default_factory=Seen)

    async def make_context(self, headers: Headers) -> Context:
        """Know one citizen by one token."""
        actor = ANONYMOUS
        if given := headers.get(b"authorization"):
            if given != b"Bearer right":
                raise TokenInvalid
            if self.seen.signed_out:
                raise SessionEnded
            actor = Actor(kind="citizen", id="ctz_1", citizen_id=CitizenId("ctz_1"))
        platform: Any = SimpleNamespace(db=self.db, seen=self.seen)
        return Context(call=Call(actor=actor, locale="en"), platform=platform)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Serve, and give the address."""
        documents = Documents(SCHEMA)
        documents.register(QUICK)
        engine = Engine(SCHEMA, timeout_s=30, hide_suggestions=True, tier="batched")
        origins = Origins(own=["http://own"], web=["https://portal.example"])
        intake = Intake(
            documents, self.make_context, origins, body_bytes_max=MESSAGE_BYTES_MAX, texts_allowed=self.texts_allowed
        )
        async with serving(WebSocketEndpoint(engine, intake, self.seats, self.limits)) as address:
            yield address


@asynccontextmanager
async def connected(
    address: str, *, init: dict[str, Any] | None = INIT, **options: Any
) -> AsyncIterator[ClientConnection]:
    """Open a websocket, and wait for the acknowledgement if ``init`` is sent."""
    async with connect(address, subprotocols=[PROTOCOL], compression=None, proxy=None, **options) as socket:
        if init is not None:
            await say(socket, init)
            assert await hear(socket) == ACK
        yield socket


async def say(socket: ClientConnection, *said: dict[str, Any] | str | bytes) -> None:
    for message in said:
        await socket.send(json.dumps(message) if isinstance(message, dict) else message)


async def hear(socket: ClientConnection) -> dict[str, Any]:
    heard: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), WITHIN_S))
    return heard


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """Wait until the server closes, and return its code and reason."""
    with pytest.raises(ConnectionClosed) as ending:
        while True:
            await asyncio.wait_for(socket.recv(), WITHIN_S)
    assert ending.value.rcvd is not None
    return ending.value.rcvd.code, ending.value.rcvd.reason


def ask(query: str, name: str = "1", **members: Any) -> dict[str, Any]:
    return {"id": name, "type": "subscribe", "payload": {"query": query, **members}}


def next_(data: dict[str, Any], name: str = "1") -> dict[str, Any]:
    return {"id": name, "type": "next", "payload": {"data": data}}


def complete(name: str = "1") -> dict[str, Any]:
    return {"id": name, "type": "complete"}


def code(message: dict[str, Any]) -> str:
    assert message["type"] == "error"
    found: str = message["payload"][0]["extensions"]["code"]
    return found


# ---- the protocol, clause by clause ----------------------------------------------------------------------------------

ANSWERED: dict[str, tuple[list[Any], list[Any]]] = {
    "a ping is answered": ([{"type": "ping"}], [{"type": "pong"}]),
    "a ping's payload comes back": ([{"type": "ping", "payload": {"a": 1}}], [{"type": "pong", "payload": {"a": 1}}]),
    "a pong nobody asked for is taken": ([{"type": "pong"}, {"type": "ping"}], [{"type": "pong"}]),
    "a query is answered once": ([ask(QUICK)], [next_({"quick": "here"}), complete()]),
    "each event is a message": (
        [ask("subscription { count(to: 2) }")],
        [next_({"count": 1}), next_({"count": 2}), complete()],
    ),
    "variables are taken": (
        [ask("subscription($n: Int!) { count(to: $n) }", variables={"n": 1})],
        [next_({"count": 1}), complete()],
    ),
    "completing what is over changes nothing": ([complete(), {"type": "ping"}], [{"type": "pong"}]),
    "members that are not known are passed over": ([{"type": "ping", "more": 1}], [{"type": "pong"}]),
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a text that does not parse": (ask("{"), "DOCUMENT_INVALID"),
    "a field that is not there": (ask("{ nothing }"), "DOCUMENT_INVALID"),
    "a variable that is missing": (ask("subscription($n: Int!) { count(to: $n) }"), "DOCUMENT_INVALID"),
    "a trusted document nobody knows": (
        {"id": "1", "type": "subscribe", "payload": {"documentId": "sha256:" + "0" * 64}},
        "DOCUMENT_UNKNOWN",
    ),
    "a subscription that is not the caller's": (ask("subscription { whoever }"), "NOT_SIGNED_IN"),
}
CLOSING: dict[str, tuple[list[Any], int, str]] = {
    "no JSON": (["{"], 4400, "not valid JSON"),
    "no object": (["[]"], 4400, "type"),
    "no type": (["{}"], 4400, "type"),
    "a type of servers": ([{"type": "next", "id": "1"}], 4400, "type"),
    "a member twice": (['{"type":"ping","type":"ping"}'], 4400, "twice"),
    "bytes": ([b'{"type":"ping"}'], 4400, "text"),
    "too much nesting": (['{"type":"ping","payload":{"a":' + "[" * 99 + "]" * 99 + "}}"], 4400, "nested"),
    "a payload that is no object": ([{"type": "ping", "payload": [1]}], 4400, "payload"),
    "nothing to run": ([{"type": "subscribe", "id": "1", "payload": {}}], 4400, "query"),
    "no payload": ([{"type": "subscribe", "id": "1"}], 4400, "object"),
    "an operation without a name": ([{"type": "subscribe", "payload": {"query": QUICK}}], 4400, "id"),
    "an empty name": ([ask(QUICK, "")], 4400, "id"),
    "a name that is too long": ([ask(QUICK, "n" * 129)], 4400, "id"),
    "a second init": ([INIT], 4429, "Too many initialisation requests"),
    "a name that is taken": (
        [ask("subscription { flood }"), ask(QUICK)],
        4409,
        "Subscriber for 1 already exists",
    ),
    "too long a message": ([{"type": "ping", "payload": {"a": "x" * MESSAGE_BYTES_MAX}}], 1009, "4096 bytes"),
}


@pytest.mark.parametrize("clause", ANSWERED)
async def test_the_protocol_is_answered(clause: str) -> None:
    said, expected = ANSWERED[clause]
    async with Desk().open() as address, connected(address) as socket:
        assert socket.subprotocol == PROTOCOL
        await say(socket, *said)
        assert [await hear(socket) for _ in expected] == expected


async def test_what_does_not_run_is_an_error_and_the_connection_goes_on() -> None:
    async with Desk().open() as address, connected(address) as socket:
        for message, expected in REFUSED.values():
            await say(socket, message)
            assert code(await hear(socket)) == expected
            await say(socket, {"type": "ping"})
            assert await hear(socket) == {"type": "pong"}, "an error is the last message of its operation"


async def test_what_breaks_the_protocol_closes_the_connection_and_says_why() -> None:
    async with Desk().open() as address:
        for clause, (said, expected, reason) in CLOSING.items():
            async with connected(address) as socket:
                await say(socket, *said)
                found = await closed(socket)
            assert (found[0], reason in found[1]) == (expected, True), f"{clause}: {found}"


async def test_nothing_runs_before_the_acknowledgement() -> None:
    async with Desk().open() as address, connected(address, init=None) as socket:
        await say(socket, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}
        await say(socket, ask(QUICK))
        assert await closed(socket) == (4401, "Unauthorized")


async def test_who_does_not_begin_in_time_is_left() -> None:
    limits = WebSocketLimits(init_timeout_s=0.1)
    async with Desk(limits=limits).open() as address, connected(address, init=None) as socket:
        assert await closed(socket) == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("spoken", [None, ["graphql-ws"]])
async def test_another_subprotocol_is_not_spoken(spoken: Any) -> None:
    async with Desk().open() as address, connect(address, subprotocols=spoken, proxy=None) as socket:
        assert await closed(socket) == (4406, "Subprotocol not acceptable")


async def test_a_fault_is_told_by_its_trace_id_alone() -> None:
    async with Desk().open() as address, connected(address) as socket:
        await say(socket, ask("{ broken }"))
        heard = await hear(socket)
        await hear(socket)
        await say(socket, ask("subscription { breaking }"))
        assert await hear(socket) == next_({"breaking": 1})
        ended = await hear(socket)
    assert heard["payload"]["errors"][0]["extensions"]["code"] == code(ended) == "INTERNAL"
    assert "hunter2" not in json.dumps([heard, ended])


# ---- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://own.evil.example"])
async def test_a_page_of_another_site_gets_no_connection(origin: str) -> None:
    async with Desk().open() as address:
        with pytest.raises(InvalidStatus) as refused:
            async with connected(address, origin=origin):
                pass
        assert refused.value.response.status_code == 403
        for known in ("http://own", "https://portal.example"):
            async with connected(address, origin=known):
                pass


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_a_token_counts_in_the_first_message_and_in_the_header(name: str) -> None:
    whoever, expected = ask("subscription { whoever }"), next_({"whoever": "ctz_1"})
    async with Desk().open() as address:
        async with connected(address, init={**INIT, "payload": {name: "Bearer right", "client": "app"}}) as socket:
            await say(socket, whoever)
            assert await hear(socket) == expected
        async with connected(address, additional_headers={name: "Bearer right"}) as socket:
            await say(socket, whoever)
            assert await hear(socket) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"authorization": "Bearer wrong"}, (4403, "TOKEN_INVALID")),
        ({"authorization": "令牌"}, (4400, "“authorization” is an ASCII text")),
        ({"authorization": 5}, (4400, "“authorization” is an ASCII text")),
    ],
)
async def test_a_wrong_token_is_refused_rather_than_served_as_nobody(payload: Any, expected: tuple[int, str]) -> None:
    async with Desk().open() as address, connected(address, init=None) as socket:
        await say(socket, {**INIT, "payload": payload})
        assert await closed(socket) == expected


async def test_only_trusted_documents_run_where_texts_are_not_allowed() -> None:
    document_id = Documents(SCHEMA).register(QUICK).id
    async with Desk(texts_allowed=False).open() as address, connected(address) as socket:
        await say(socket, ask(QUICK))
        assert code(await hear(socket)) == "DOCUMENTS_ONLY"
        await say(socket, {"id": "1", "type": "subscribe", "payload": {"documentId": document_id}})
        assert await hear(socket) == next_({"quick": "here"})


async def test_a_session_that_ends_closes_the_connection_and_stops_what_runs() -> None:
    desk = Desk(limits=WebSocketLimits(session_check_s=0.05))
    async with desk.open() as address:
        async with connected(address, init={**INIT, "payload": {"authorization": "Bearer right"}}) as socket:
            await say(socket, ask("subscription { whoever }"))
            await hear(socket)
            await asyncio.sleep(0.15)
            await say(socket, {"type": "ping"})
            assert await hear(socket) == {"type": "pong"}, "a session that stands is not ended by looking"
            desk.seen.signed_out = True
            assert await closed(socket) == (4403, "SESSION_ENDED")


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
    async with Desk().open() as address, connected(address) as socket:
        for _ in range(10):
            socket.transport.writelines([])
            await say(socket, ask("subscription { flood }"), complete())
        await say(socket, {"type": "ping"})
        while (heard := await hear(socket))["type"] == "next":
            pass
        assert heard == {"type": "pong"}


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
    async with Desk().open() as address:
        async with connected(address, init=None) as first, connected(address, init=None):
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
