"""Event streams: bounded, kept alive, over when the session is, and waiting for slow readers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry

from shimin.identity import SessionEnded
from shimin.kit.call import Actor, Call
from shimin.kit.ids import CitizenId
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.events import EventsEndpoint
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.seats import Seats

FETCHED: list[int] = []
CLOSED: list[str] = []


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "hello"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int) -> AsyncIterator[int]:  # noqa: ARG002
        """Count, then end."""
        for number in range(to):
            FETCHED.append(number)
            yield number

    @strawberry.subscription
    async def silence(self, info: Info) -> AsyncIterator[int]:  # noqa: ARG002
        """Say nothing for a long time."""
        try:
            await asyncio.sleep(3600)
        finally:
            CLOSED.append("silence")
        yield 0

    @strawberry.subscription
    async def fault(self, info: Info) -> AsyncIterator[int]:  # noqa: ARG002
        """Fail after one."""
        yield 1
        raise RuntimeError("password=hunter2")


SCHEMA = strawberry.Schema(Query, subscription=Subscription)._schema


class Client:
    """One ASGI connection, its reading in the test's hands."""

    def __init__(self, endpoint: EventsEndpoint, document: str, *, token: str = "lin") -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()
        self.arrived = asyncio.Condition()
        body = b'{"query":"%s"}' % document.encode()
        headers = [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [*headers, (b"authorization", token.encode())],
            "client": ("127.0.0.1", 1),
        }
        self._body = [{"type": "http.request", "body": body}]
        self.task = asyncio.create_task(endpoint(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._body:
            return self._body.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await asyncio.sleep(0)
        await self.reads.wait()
        async with self.arrived:
            self.sent.append(message)
            self.arrived.notify_all()

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def until(self, text: str, times: int = 1) -> str:
        async with asyncio.timeout(5), self.arrived:
            await self.arrived.wait_for(lambda: self.text.count(text) >= times)
        return self.text


def endpoint(ended: set[str], heartbeat_s: float = 15, **seats: int) -> EventsEndpoint:
    documents = Documents(SCHEMA)

    async def make_context(headers: Headers) -> Context:
        name = headers[b"authorization"].decode()
        if name in ended:
            raise SessionEnded
        actor = Actor(kind="citizen", id=f"ctz_{name}", citizen_id=CitizenId(f"ctz_{name}"))
        nowhere: Any = None
        return Context(call=Call(actor=actor, locale="en"), platform=nowhere)

    intake = Intake(documents, make_context, Origins(), body_bytes_max=10_000, texts_allowed=True)
    engine = Engine(SCHEMA, timeout_s=5, hide_suggestions=True, tier="batched")
    return EventsEndpoint(engine, intake, Seats(**seats), heartbeat_s=heartbeat_s)


async def test_events_come_in_order_and_the_last_says_so() -> None:
    client = Client(endpoint(set()), "subscription { count(to: 3) }")
    text = await client.until("complete")
    assert [line for line in text.splitlines() if line.startswith("data: {")] == [
        f'data: {{"data":{{"count":{number}}}}}' for number in range(3)
    ]
    await client.task
    assert dict(client.sent[0]["headers"])[b"content-type"] == b"text/event-stream"


async def test_an_idle_stream_is_kept_alive() -> None:
    client = Client(endpoint(set(), heartbeat_s=0.01), "subscription { silence }")
    await client.until(":\n\n", times=4)
    client.gone.set()
    await client.task


async def test_a_session_that_ends_ends_its_streams_and_no_other() -> None:
    ended: set[str] = set()
    made = endpoint(ended, heartbeat_s=0.01)
    lin, wu = (Client(made, "subscription { silence }", token=name) for name in ("lin", "wu"))
    await lin.until(":\n\n", times=2)
    ended.add("lin")
    text = await lin.until("complete")
    assert '"code":"SESSION_ENDED"' in text
    await wu.until(":\n\n", times=4)
    wu.gone.set()
    await asyncio.gather(lin.task, wu.task)
    assert "SESSION_ENDED" not in wu.text


async def test_who_leaves_closes_the_source() -> None:
    CLOSED.clear()
    client = Client(endpoint(set()), "subscription { silence }")
    await client.until(":\n\n")
    client.gone.set()
    await client.task
    assert CLOSED == ["silence"]


async def test_what_a_slow_reader_does_not_take_is_not_fetched() -> None:
    FETCHED.clear()
    client = Client(endpoint(set()), "subscription { count(to: 1000) }")
    await client.until("count", times=3)
    client.reads.clear()
    await asyncio.sleep(0.05)
    stopped_at = len(FETCHED)
    await asyncio.sleep(0.05)
    assert len(FETCHED) == stopped_at < 1000
    client.reads.set()
    await client.until("complete")
    assert len(FETCHED) == 1000


async def test_a_fault_of_the_source_is_told_by_its_trace_alone() -> None:
    client = Client(endpoint(set()), "subscription { fault }")
    text = await client.until("complete")
    await client.task
    assert '"code":"INTERNAL"' in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("settings", "code"), [({"streams_per_caller_max": 2}, "STREAMS_TOO_MANY"), ({"streams_max": 2}, "STREAMS_FULL")]
)
async def test_a_stream_too_many_is_refused_until_another_ends(settings: dict[str, int], code: str) -> None:
    made = endpoint(set(), **settings)
    open_ones = [Client(made, "subscription { silence }") for _ in range(2)]
    for client in open_ones:
        await client.until(":\n\n")
    refused = Client(made, "subscription { silence }")
    assert code in await refused.until("errors")
    open_ones[0].gone.set()
    await open_ones[0].task
    again = Client(made, "subscription { silence }")
    await again.until(":\n\n")
    for client in (open_ones[1], again):
        client.gone.set()
    await asyncio.gather(open_ones[1].task, refused.task, again.task)
