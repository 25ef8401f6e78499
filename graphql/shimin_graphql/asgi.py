"""The application: routes, what wraps them, and what lives as long as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
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
from shimin_graphql.engine.events import EventsEndpoint
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.seats import Seats
from shimin_graphql.engine.websocket import WebSocketEndpoint, WebSocketLimits
from shimin_graphql.identify import make_context
from shimin_graphql.middleware import SecurityHeaders
from shimin_graphql.routes import graphiql, health
from shimin_graphql.routes.blobs import download, upload
from shimin_graphql.routes.inbox import dev_inbox
from shimin_graphql.routes.webhooks import channel_webhook

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from shimin.config import Settings
    from shimin_graphql.context import Context
    from shimin_graphql.engine.headers import Headers

    Endpoints = Mapping[tuple[str, str], ASGIApp]
    """What answers a path, by protocol (``http`` or ``websocket``) and path."""

log = structlog.get_logger("shimin.http")
METHOD_NOT_ALLOWED = 405


class Application:
    """Hands GraphQL to its endpoints directly and everything else to the routes.

    Nearly every request is GraphQL; routing, request objects and middleware would cost it more than its statement.
    """

    def __init__(self, routes: Starlette) -> None:
        """Serve the routes; ``endpoints`` are added when the application starts."""
        self.state = routes.state
        self.endpoints: Endpoints = {}
        self._routes = routes

    def started(self) -> AbstractAsyncContextManager[Any]:
        """Start the application for a block, for callers that are no ASGI server."""
        return self._routes.router.lifespan_context(self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the application's start and end."""
        endpoint = self.endpoints.get((scope["type"], scope["path"])) if "path" in scope else None
        await (endpoint or self._routes)(scope, receive, send)


def create_app(settings: Settings, platform: Platform | None = None) -> Application:
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
            application.endpoints = graphql_endpoints(settings, opened)
            if settings.worker == "embedded":
                await stack.enter_async_context(relaying(opened))
            yield

    app = Starlette(routes=_routes(settings), lifespan=lifespan, exception_handlers=HANDLERS)
    app.add_middleware(SecurityHeaders)
    application = Application(app)
    return application


def graphql_endpoints(settings: Settings, platform: Platform) -> Endpoints:
    """Return what answers GraphQL, by protocol and path."""
    edge = platform.edge

    async def identify(headers: Headers) -> Context:
        return await make_context(headers, platform)

    intake = Intake(
        edge.documents,
        identify,
        Origins(own=_own_origins(settings), web=settings.web_origins),
        body_bytes_max=settings.body_bytes_max,
        texts_allowed=settings.mode == "development",
        budget=Budget(
            edge.documents,
            cache=platform.cache,
            clock=platform.clock,
            signed_in_points=settings.document_budget,
            anonymous_points=settings.document_budget_anonymous,
        ),
    )
    seats = Seats()
    limits = WebSocketLimits(message_bytes_max=settings.body_bytes_max)
    return {
        ("http", "/graphql"): GraphQLEndpoint(edge.engine, intake),
        ("http", "/graphql/stream"): EventsEndpoint(edge.engine, intake, seats),
        ("websocket", "/graphql/ws"): WebSocketEndpoint(edge.engine, intake, seats, limits),
    }


def _own_origins(settings: Settings) -> list[str]:
    """Return where the server's own pages are: its address, and the names a developer's browser has for it."""
    names = ("localhost", "127.0.0.1") if settings.mode == "development" else ()
    return [settings.issuer, *(f"http://{name}:{settings.port}" for name in names)]


def _routes(settings: Settings) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
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
