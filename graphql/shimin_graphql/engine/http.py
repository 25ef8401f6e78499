"""GraphQL over HTTP: the endpoint through which nearly everything comes, so nothing stands between it and the server.

It speaks ASGI itself: a request costs no routing, no request and response objects, and no middleware. Measured against
static bytes through the same server (``tests/bench/graphql``).

Source: GraphQL over HTTP, sections 4 to 6 and the appendix on persisted documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.refusal import Refusal
from shimin.kit.text import pick_locale
from shimin_graphql.engine.accept import GRAPHQL_JSON, choose_media_type
from shimin_graphql.engine.departure import Departure
from shimin_graphql.engine.documents import DocumentError
from shimin_graphql.engine.errors import InternalFault
from shimin_graphql.engine.headers import NO_HEADERS, read_headers
from shimin_graphql.engine.intake import ANSWERED, QUERY, address_of
from shimin_graphql.engine.reply import dump, public_error, refusal_error
from shimin_graphql.engine.request import ClientGone
from shimin_graphql.engine.response import (
    ASK_AGAIN,
    NO_STORE,
    PREPARED,
    PRIVATE,
    PUBLIC,
    VARY,
    Response,
    entity_tag,
    is_known,
    refusal_headers,
    send_response,
)

if TYPE_CHECKING:
    from shimin_graphql.engine.headers import Headers
    from shimin_graphql.engine.intake import Intake, Scope
    from shimin_graphql.engine.reply import Reply
    from shimin_graphql.engine.request import Receive
    from shimin_graphql.engine.response import Send
    from shimin_graphql.engine.run import Engine

log = structlog.get_logger("shimin.graphql")


class GraphQLEndpoint:
    """Answers queries and mutations."""

    def __init__(self, engine: Engine, intake: Intake) -> None:
        """Run what the intake lets through."""
        self._engine = engine
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = NO_HEADERS
        try:
            headers = read_headers(scope["headers"])
            if scope["method"] == "OPTIONS":
                response = self._intake.origins.preflight(headers)
            else:
                response = await self._respond(scope, headers, receive)
        except ClientGone:
            return
        except Refusal as refusal:
            response = refused(refusal, GRAPHQL_JSON, nobody(headers))
        response.headers += self._intake.origins.headers(headers.get(b"origin"))
        await send_response(send, response, head=scope["method"] == "HEAD")

    async def _respond(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        media, call, method = GRAPHQL_JSON, None, scope["method"]
        try:
            intake = self._intake
            media = choose_media_type(headers.get(b"accept"))
            asked = await intake.read(scope, headers, receive)
            context = await intake.make_context(headers)
            call = context.call
            kinds = ANSWERED if method == "POST" else QUERY
            found = await intake.find(asked, kinds, context, address_of(scope))
            with Departure(receive):
                reply = await self._engine.reply(found.document, found.variables, context, found.extensions)
        except DocumentError as error:
            return unreadable(error, media, call or nobody(headers))
        except Refusal as refusal:
            return refused(refusal, media, call or nobody(headers), method)
        except Exception:
            call = call or nobody(headers)
            log.exception("graphql.fault", trace_id=call.trace_id)
            return refused(InternalFault(trace_id=call.trace_id), media, call)
        if method == "POST":
            status = 400 if media == GRAPHQL_JSON and not reply.has_data else 200
            return Response(status, _head(media, call), reply.body)
        return _cacheable(reply, media, call, headers, is_trusted=asked.document_id is not None)


def refused(refusal: Refusal, media: str, call: Call, method: str = "") -> Response:
    """Return the answer to a request that was refused as a whole."""
    body = dump({"errors": [refusal_error(refusal, call)]})
    return Response(refusal.http_status, _head(media, call) + refusal_headers(refusal, method), body)


def unreadable(error: DocumentError, media: str, call: Call) -> Response:
    """Return the answer to a document that does not parse or fit; legacy clients read it from a 200 (section 6.4.1)."""
    body = dump({"errors": [public_error(item, call) for item in error.errors]})
    return Response(400 if media == GRAPHQL_JSON else 200, _head(media, call), body)


def _head(media: str, call: Call) -> list[tuple[bytes, bytes]]:
    return [*PREPARED[media], NO_STORE, VARY, (b"x-trace-id", call.trace_id.encode())]


def nobody(headers: Headers) -> Call:
    """Return the call of a request that was refused before anybody knew whose it is."""
    language = headers.get(b"accept-language")
    return Call(actor=ANONYMOUS, locale=pick_locale(None if language is None else language.decode("latin-1")))


def _cacheable(reply: Reply, media: str, call: Call, headers: Headers, *, is_trusted: bool) -> Response:
    """Return the answer to a GET or HEAD, with an entity tag if it is an answer of a trusted document.

    What is the same for everybody anybody may keep for a while. An answer to somebody signed in is never stored by
    anything between; their own program may still ask whether it has changed.

    Source: RFC 9110 sections 8.8.3 and 13.1.2, RFC 9111 section 5.2.2.
    """
    if not reply.has_data:
        return Response(400 if media == GRAPHQL_JSON else 200, _head(media, call), reply.body)
    if not is_trusted:
        return Response(200, _head(media, call), reply.body)
    policy = PRIVATE if b"authorization" in headers else ASK_AGAIN
    if reply.public:
        policy = PUBLIC
    tag = entity_tag(media, reply.body)
    head: list[Any] = [*PREPARED[media], policy, VARY, (b"etag", tag), (b"x-trace-id", call.trace_id.encode())]
    if is_known(headers.get(b"if-none-match"), tag):
        return Response(304, [item for item in head if item[0] != b"content-type"])
    return Response(200, head, reply.body)
