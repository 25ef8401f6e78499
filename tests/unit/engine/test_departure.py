"""Who goes away stops what they asked for, down to the statement, over a real server and on both engines."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
import uvicorn

from shimin.db import Database
from shimin.kit.call import ANONYMOUS, Call
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.events import EventsEndpoint
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.seats import Seats
from shimin_graphql.types.access import ANYONE
from shimin_graphql.types.base import field as declare

pytestmark = pytest.mark.alone

SLOW = {
    "postgres": "SELECT pg_sleep(60)::text",
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
}
STOPPED_WITHIN_S = 0.1
TRIES = 3


@dataclass
class Seen:
    """What the slow field went through."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    stopped_at_s: float = 0.0


@strawberry.type
class Query:
    @declare(allow=ANYONE)
    async def slow(self, info: Info) -> str:
        """Ask for something that takes a minute."""
        platform: Any = info.context.platform
        try:
            async with platform.db.reader() as reader:
                platform.seen.begun.set()
                await reader.fetch(SLOW[platform.db.engine])
        finally:
            # The reader has been given back by now: the statement is over.
            platform.seen.stopped_at_s = time.monotonic()
            platform.seen.stopped.set()
        return "done"

    @declare(allow=ANYONE)
    async def quick(self) -> str:
        """Answer at once."""
        return "here"


SCHEMA = strawberry.Schema(Query)._schema


@dataclass
class Served:
    """A server, and what its slow field goes through."""

    address: tuple[str, int]
    platform: Any


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    platform: Any = SimpleNamespace(db=db, seen=Seen())

    async def make_context(headers: Headers) -> Context:  # noqa: ARG001
        return Context(call=Call(actor=ANONYMOUS), platform=platform)

    documents = Documents(SCHEMA)
    engine = Engine(SCHEMA, timeout_s=30, hide_suggestions=True, tier="batched")
    intake = Intake(documents, make_context, Origins(), body_bytes_max=10_000, texts_allowed=True)
    endpoints: dict[str, Any] = {
        "/graphql": GraphQLEndpoint(engine, intake),
        "/graphql/stream": EventsEndpoint(engine, intake, Seats()),
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await endpoints[scope["path"]](scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server announces nothing
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield Served((host, port), platform)
    server.should_exit = True
    await serving


async def leave(served: Served, path: str, accept: str) -> float:
    """Ask for the slow field, go away while it runs, and return how long it ran on."""
    served.platform.seen = seen = Seen()
    _, writer = await asyncio.open_connection(*served.address)
    body = b'{"query":"{ slow }"}'
    head = f"POST {path} HTTP/1.1\r\nhost: t\r\naccept: {accept}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    await asyncio.wait_for(seen.begun.wait(), 5)
    await asyncio.sleep(0.05)  # the statement has reached the database
    left_at_s = time.monotonic()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    await asyncio.wait_for(seen.stopped.wait(), 5)
    return seen.stopped_at_s - left_at_s


@pytest.mark.parametrize(
    ("path", "accept"), [("/graphql", "application/json"), ("/graphql/stream", "text/event-stream")]
)
async def test_who_goes_away_stops_the_statement_and_nobody_else(served: Served, path: str, accept: str) -> None:
    ran_on_s = min([await leave(served, path, accept) for _ in range(TRIES)])
    assert ran_on_s <= STOPPED_WITHIN_S
    async with served.platform.db.reader() as reader:
        assert await reader.fetch_value("SELECT 1") == 1, "the connection is as good as before"
    host, port = served.address
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        answer = await client.post("/graphql", json={"query": "{ quick }"})
    assert answer.json() == {"data": {"quick": "here"}}


async def test_a_deadline_stops_the_statement_and_is_said(db: Database) -> None:
    platform: Any = SimpleNamespace(db=db, seen=Seen())
    documents = Documents(SCHEMA)
    engine = Engine(SCHEMA, timeout_s=0.2, hide_suggestions=True, tier="batched")
    context = Context(call=Call(actor=ANONYMOUS), platform=platform)
    answer = await engine.run(documents.compile("{ slow quick }"), {}, context)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["DEADLINE_EXCEEDED"]
    assert platform.seen.stopped.is_set()
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT 1") == 1
