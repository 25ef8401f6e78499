"""The GraphQL endpoint over HTTP and, on a path of its own, over server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from starlette.responses import Response, StreamingResponse

from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.refusal import Refusal
from shimin.kit.text import pick_locale
from shimin_graphql.engine.documents import DocumentError
from shimin_graphql.engine.errors import InternalFault, MethodNotAllowed
from shimin_graphql.engine.reply import Reply, dump, public_error, refusal_error
from shimin_graphql.engine.request import EVENT_STREAM, GRAPHQL_JSON, choose_media_type, read_request
from shimin_graphql.engine.values import check_variables

if TYPE_CHECKING:
    from starlette.requests import Request

    from shimin_graphql.context import Context
    from shimin_graphql.engine.budget import Budget
    from shimin_graphql.engine.documents import Document, Documents
    from shimin_graphql.engine.reply import Answer
    from shimin_graphql.engine.request import GraphQLRequest
    from shimin_graphql.engine.run import Engine

log = structlog.get_logger("shimin.graphql")
MakeContext = Callable[["Request"], Awaitable["Context"]]
HEARTBEAT_S = 15.0
"""A comment line this often keeps proxies from closing an idle stream."""


class GraphQLEndpoint:
    """Answers ``/graphql`` and ``/graphql/stream``."""

    def __init__(
        self,
        engine: Engine,
        documents: Documents,
        make_context: MakeContext,
        *,
        budget: Budget | None = None,
        body_bytes_max: int,
        texts_allowed: bool,
    ) -> None:
        """Run documents with an engine; ``texts_allowed`` only in development.

        Args:
            budget: what callers may spend on texts of their own; None: as much as they like.
        """
        self._engine = engine
        self._documents = documents
        self._make_context = make_context
        self._budget = budget
        self._body_bytes_max = body_bytes_max
        self._texts_allowed = texts_allowed

    async def handle(self, request: Request) -> Response:
        """Answer a query or mutation."""
        call = Call(actor=ANONYMOUS, locale=pick_locale(request.headers.get("accept-language")))
        media = GRAPHQL_JSON
        try:
            media = choose_media_type(request.headers.get("accept"))
            asked = await self._read(request)
            context = await self._make_context(request)
            call = context.call
            kinds = {"query"} if request.method == "GET" else {"query", "mutation"}
            document, extensions = await self._find(asked, kinds, call, request)
            reply = await self._engine.reply(document, asked.variables, context, extensions)
        except DocumentError as error:
            return _reply({"errors": [public_error(item, call) for item in error.errors]}, media, call)
        except Refusal as refusal:
            return _reply({"errors": [refusal_error(refusal, call)]}, media, call, refusal.http_status)
        except Exception:
            log.exception("graphql.fault", trace_id=call.trace_id)
            return _reply({"errors": [refusal_error(InternalFault(trace_id=call.trace_id), call)]}, media, call, 500)
        return _respond(reply, media, call)

    async def stream(self, request: Request) -> Response:
        """Answer any operation as events: ``next`` for each response, then ``complete``.

        Source: GraphQL over Server-Sent Events protocol, distinct connections mode.
        """
        call = Call(actor=ANONYMOUS, locale=pick_locale(request.headers.get("accept-language")))
        try:
            choose_media_type(request.headers.get("accept"), (EVENT_STREAM,))
            asked = await self._read(request)
            context = await self._make_context(request)
            kinds = {"query", "subscription"} if request.method == "GET" else {"query", "mutation", "subscription"}
            document, _ = await self._find(asked, kinds, context.call, request)
        except DocumentError as error:
            return _reply({"errors": [public_error(item, call) for item in error.errors]}, GRAPHQL_JSON, call)
        except Refusal as refusal:
            return _reply({"errors": [refusal_error(refusal, call)]}, GRAPHQL_JSON, call, refusal.http_status)
        if document.kind == "subscription":
            events = self._engine.stream(document, asked.variables, context)
        else:
            events = _once(self._engine.run(document, asked.variables, context))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no", "x-trace-id": context.call.trace_id}
        return StreamingResponse(_as_events(events), media_type=EVENT_STREAM, headers=headers)

    async def _read(self, request: Request) -> GraphQLRequest:
        return await read_request(request, size_bytes_max=self._body_bytes_max, texts_allowed=self._texts_allowed)

    async def _find(
        self, asked: GraphQLRequest, kinds: set[str], call: Call, request: Request
    ) -> tuple[Document, Mapping[str, Any] | None]:
        """Return the document that is asked for, if its kind may be sent this way, and what the response says of it.

        A trusted one is free; any other is charged to the caller.
        """
        check_variables(asked.variables, self._documents.limits.values)
        extensions = None
        if asked.document_id is not None:
            document = await self._documents.find(asked.document_id)
        elif self._budget is None:
            document = self._documents.compile(asked.query or "", asked.operation_name)
        else:
            address = request.client.host if request.client else ""
            document, extensions = await self._budget.charge(
                asked.query or "", asked.operation_name, asked.variables, call, address
            )
        if document.kind not in kinds:
            raise MethodNotAllowed
        return document, extensions


def _reply(result: Answer, media: str, call: Call, status: int | None = None) -> Response:
    """Return a response that no document made."""
    return _respond(Reply(dump(result), has_data="data" in result), media, call, status)


def _respond(reply: Reply, media: str, call: Call, status: int | None = None) -> Response:
    """Return a response; with the modern media type the status says whether the request itself was good."""
    if status is None:
        status = 200 if reply.has_data else 400
    if media != GRAPHQL_JSON and status == 400:  # noqa: PLR2004 - legacy clients read errors from a 200 (section 6.4.1)
        status = 200
    headers = {"cache-control": "no-store", "x-trace-id": call.trace_id, "vary": "accept, accept-language"}
    return Response(reply.body, status_code=status, media_type=f"{media}; charset=utf-8", headers=headers)


async def _once(result: Awaitable[Answer]) -> AsyncIterator[Answer]:
    yield await result


async def _as_events(results: AsyncIterator[Answer]) -> AsyncIterator[bytes]:
    """Write responses as events with a heartbeat between; leaving early closes the source."""
    source = results.__aiter__()
    pending: asyncio.Future[Answer] | None = None
    try:
        yield b":\n\n"
        while True:
            pending = pending or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield b":\n\n"
                continue
            try:
                result = pending.result()
            except StopAsyncIteration:
                break
            pending = None
            yield b"event: next\ndata: " + dump(result) + b"\n\n"
        yield b"event: complete\ndata: \n\n"
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        close = getattr(results, "aclose", None)
        if close:
            await close()
