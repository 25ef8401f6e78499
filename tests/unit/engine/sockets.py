"""The websocket endpoint on a small schema behind a real server, and a client: what its tests share."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shimin.cli.serve import WS_PING_INTERVAL_S, WS_PING_TIMEOUT_S
from shimin.db import Database
from shimin.identity import SessionEnded
from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.ids import CitizenId
from shimin.ports.tokens import TokenInvalid
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.seats import Seats
from shimin_graphql.engine.websocket import WebSocketEndpoint, WebSocketLimits
from shimin_graphql.types.access import ANYONE, CITIZEN
from shimin_graphql.types.base import field as declare
from shimin_graphql.types.base import subscription

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
        seen: Seen = info.context.platform.seen  # type: ignore[attr-defined]
        try:
            yield info.context.call.actor.id
            await asyncio.Event().wait()
        finally:
            seen.stopped.set()

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

    def endpoint(self) -> WebSocketEndpoint:
        """Return the endpoint."""
        documents = Documents(SCHEMA)
        documents.register(QUICK)
        engine = Engine(SCHEMA, timeout_s=30, hide_suggestions=True, tier="batched")
        origins = Origins(own=["http://own"], web=["https://portal.example"])
        intake = Intake(
            documents, self.make_context, origins, body_bytes_max=MESSAGE_BYTES_MAX, texts_allowed=self.texts_allowed
        )
        return WebSocketEndpoint(engine, intake, self.seats, self.limits)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Serve, and give the address."""
        async with serving(self.endpoint()) as address:
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
