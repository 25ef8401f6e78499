"""Any operation as server-sent events, on a path of its own: ``next`` for each response, then ``complete``.

Source: GraphQL over Server-Sent Events protocol, distinct connections mode; WHATWG HTML section 9.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from shimin.kit.refusal import Refusal
from shimin_graphql.engine.accept import EVENT_STREAM, GRAPHQL_JSON, choose_media_type
from shimin_graphql.engine.departure import Departure
from shimin_graphql.engine.documents import DocumentError
from shimin_graphql.engine.errors import InternalFault
from shimin_graphql.engine.headers import NO_HEADERS, read_headers
from shimin_graphql.engine.http import nobody, refused, unreadable
from shimin_graphql.engine.intake import ANY, FOLLOWED, address_of
from shimin_graphql.engine.reply import dump, refusal_error
from shimin_graphql.engine.request import ClientGone
from shimin_graphql.engine.response import NO_STORE, VARY, send_response
from shimin_graphql.engine.seats import Seats
from shimin_graphql.middleware import HEADERS

if TYPE_CHECKING:
    from shimin_graphql.context import Context
    from shimin_graphql.engine.headers import Headers
    from shimin_graphql.engine.intake import Asked, Intake, Scope
    from shimin_graphql.engine.reply import Answer
    from shimin_graphql.engine.request import Receive
    from shimin_graphql.engine.response import Response, Send
    from shimin_graphql.engine.run import Engine

log = structlog.get_logger("shimin.graphql")
HEARTBEAT_S = 15.0
"""A comment line this often keeps proxies from closing an idle stream; the caller's session is looked at then too."""
_HEAD = (
    (b"content-type", EVENT_STREAM.encode()),
    NO_STORE,
    (b"x-accel-buffering", b"no"),
    VARY,
    *HEADERS,
)
_HEARTBEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata: \n\n"


class EventsEndpoint:
    """Streams the responses of an operation."""

    def __init__(
        self,
        engine: Engine,
        intake: Intake,
        seats: Seats,
        *,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Run what the intake lets through, while there are seats."""
        self._engine = engine
        self._intake = intake
        self._seats = seats
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        headers = NO_HEADERS
        try:
            headers = read_headers(scope["headers"])
            response = await self._serve(scope, headers, receive, send)
        except ClientGone:
            return
        except Refusal as refusal:
            response = refused(refusal, GRAPHQL_JSON, nobody(headers))
        if response is not None:
            response.headers += self._intake.origins.headers(headers.get(b"origin"))
            await send_response(send, response)

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> Response | None:
        """Stream, and return None; or return what says why not."""
        intake, method, call = self._intake, scope["method"], None
        if method == "OPTIONS":
            return intake.origins.preflight(headers)
        try:
            choose_media_type(headers.get(b"accept"), (EVENT_STREAM,))
            asked = await intake.read(scope, headers, receive)
            context = await intake.make_context(headers)
            call = context.call
            kinds = ANY if method == "POST" else FOLLOWED
            address = address_of(scope)
            found = await intake.find(asked, kinds, context, address)
            with self._seats.take(context.call, address):
                stream = _Stream(self._intake, headers, send, self._heartbeat_s)
                with Departure(receive):
                    await stream.run(self._answers(found, context), context)
        except DocumentError as error:
            return unreadable(error, GRAPHQL_JSON, call or nobody(headers))
        except Refusal as refusal:
            return refused(refusal, GRAPHQL_JSON, call or nobody(headers), method)
        return None

    def _answers(self, found: Asked, context: Context) -> AsyncIterator[Answer]:
        if found.document.kind == "subscription":
            return self._engine.stream(found.document, found.variables, context)
        return _once(self._engine.run(found.document, found.variables, context))


class _Stream:
    """One connection: an idle one holds a task, a timer, and what the operation waits for."""

    __slots__ = ("_beating", "_ended_by", "_headers", "_heartbeat_s", "_intake", "_send", "_task", "_timer")

    def __init__(self, intake: Intake, headers: Headers, send: Send, heartbeat_s: float) -> None:
        self._intake = intake
        self._headers = headers
        self._send = send
        self._heartbeat_s = heartbeat_s
        self._ended_by: Refusal | None = None
        self._beating: asyncio.Task[None] | None = None

    async def run(self, answers: AsyncIterator[Answer], context: Context) -> None:
        """Send every answer, then that there are no more; a session that ends is the last answer."""
        trace = (b"x-trace-id", context.call.trace_id.encode())
        extra = self._intake.origins.headers(self._headers.get(b"origin"))
        await self._send({"type": "http.response.start", "status": 200, "headers": [*_HEAD, trace, *extra]})
        await self._write(_HEARTBEAT)
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._heartbeat_s, self._beat)
        try:
            await self._send_all(answers, context)
        except asyncio.CancelledError:
            if self._ended_by is None or self._task is None:
                raise
            self._task.uncancel()
            await self._write(_as_event({"errors": [refusal_error(self._ended_by, context.call)]}))
        finally:
            self._timer.cancel()
            if self._beating is not None:
                self._beating.cancel()
        await self._write(_COMPLETE)
        await self._send({"type": "http.response.body", "body": b""})

    async def _send_all(self, answers: AsyncIterator[Answer], context: Context) -> None:
        try:
            async with aclosing(answers):  # type: ignore[type-var] # both sources are generators
                async for answer in answers:
                    await self._write(_as_event(answer))
        except Refusal as refusal:
            await self._write(_as_event({"errors": [refusal_error(refusal, context.call)]}))
        except Exception:
            log.exception("graphql.fault", trace_id=context.call.trace_id)
            fault = InternalFault(trace_id=context.call.trace_id)
            await self._write(_as_event({"errors": [refusal_error(fault, context.call)]}))

    async def _write(self, data: bytes) -> None:
        """Write, waiting for a reader that is slow: what it does not take is not fetched."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def _beat(self) -> None:
        self._beating = asyncio.get_running_loop().create_task(self._beat_once())

    async def _beat_once(self) -> None:
        """Look whether the session still stands, say that the stream does, and come again later."""
        try:
            await self._intake.make_context(self._headers)
        except Refusal as refusal:
            if not refusal.retryable:  # a database that is away for a moment ends nobody's session
                self._ended_by = refusal
                if self._task is not None:
                    self._task.cancel()
                return
        await self._write(_HEARTBEAT)
        self._beating = None  # nothing is kept between two beats but the timer
        self._timer = asyncio.get_running_loop().call_later(self._heartbeat_s, self._beat)


def _as_event(answer: Answer) -> bytes:
    return b"event: next\ndata: " + dump(answer) + b"\n\n"


async def _once(result: Awaitable[Answer]) -> AsyncIterator[Answer]:
    yield await result
