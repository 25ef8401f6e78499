"""The application: routes, what wraps them, and what lives as long as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shimin.assembly import Platform, open_platform
from shimin.kit.ids import new_id
from shimin.kit.refusal import NotFound, Refusal
from shimin.kit.text import pick_locale, say_refusal
from shimin.worker import relaying
from shimin_graphql.engine.budget import Budget
from shimin_graphql.engine.errors import InternalFault, MethodNotAllowed
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.identify import make_context
from shimin_graphql.middleware import SecurityHeaders
from shimin_graphql.routes import graphiql, health
from shimin_graphql.routes.blobs import download, upload
from shimin_graphql.routes.inbox import dev_inbox
from shimin_graphql.routes.webhooks import channel_webhook

if TYPE_CHECKING:
    from starlette.requests import Request

    from shimin.config import Settings


log = structlog.get_logger("shimin.http")
METHOD_NOT_ALLOWED = 405


def create_app(settings: Settings, platform: Platform | None = None) -> Starlette:
    """Return the application for these settings.

    Args:
        platform: an open platform to serve, as tests do; otherwise one is opened with the application and closed
            with it.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            opened = platform if platform is not None else await stack.enter_async_context(open_platform(settings))
            app.state.platform = opened
            app.state.endpoint = GraphQLEndpoint(
                opened.edge.engine,
                opened.edge.documents,
                make_context,
                budget=Budget(
                    opened.edge.documents,
                    cache=opened.cache,
                    clock=opened.clock,
                    signed_in_points=settings.document_budget,
                    anonymous_points=settings.document_budget_anonymous,
                ),
                body_bytes_max=settings.body_bytes_max,
                texts_allowed=settings.mode == "development",
            )
            if settings.worker == "embedded":
                await stack.enter_async_context(relaying(opened))
            yield

    app = Starlette(routes=_routes(settings), lifespan=lifespan, exception_handlers=HANDLERS)
    app.add_middleware(SecurityHeaders)
    return app


def _routes(settings: Settings) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/graphql", graphql, methods=["GET", "POST"]),
        Route("/graphql/stream", graphql_stream, methods=["GET", "POST"]),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/.well-known/jwks.json", health.keys),
        Route("/webhooks/channels/{name}", channel_webhook, methods=["POST"]),
        Route("/blobs/{key:path}", download, methods=["GET"]),
        Route("/blobs/{key:path}", upload, methods=["PUT"]),
    ]
    if settings.mode == "development":
        routes += [
            Route("/dev/inbox", dev_inbox),
            Route("/dev/graphiql", graphiql.page),
            Route("/dev/graphiql/operations.json", graphiql.operations),
            Route("/dev/graphiql/{name}", graphiql.file),
        ]
    return routes


async def graphql(request: Request) -> Response:
    """Answer queries and mutations."""
    endpoint: GraphQLEndpoint = request.app.state.endpoint
    return await endpoint.handle(request)


async def graphql_stream(request: Request) -> Response:
    """Answer any operation as server-sent events."""
    endpoint: GraphQLEndpoint = request.app.state.endpoint
    return await endpoint.stream(request)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer outside GraphQL: a refusal by its status, code and words; a bug by its trace id alone."""
    locale = pick_locale(request.headers.get("accept-language"))
    if isinstance(error, HTTPException):
        error = MethodNotAllowed() if error.status_code == METHOD_NOT_ALLOWED else NotFound()
    if not isinstance(error, Refusal):
        fault = InternalFault(trace_id=new_id("trc"))
        log.error("http.fault", trace_id=fault.trace_id, path=request.url.path, exc_info=error)
        error = fault
    body = {"code": error.code, "message": say_refusal(error, locale)}
    headers = {"retry-after": "1"} if error.retryable else {}
    return JSONResponse(body, status_code=error.http_status, headers=headers)


HANDLERS: Mapping[Any, Any] = {Refusal: _refused, HTTPException: _refused, Exception: _refused}
"""What answers for an error outside GraphQL: always one body of code and words."""
