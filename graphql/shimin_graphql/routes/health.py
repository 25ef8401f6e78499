"""Whether the process lives, whether it can serve, and the public keys."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shimin.kit.refusal import Refusal

if TYPE_CHECKING:
    from shimin.assembly import Platform


async def live(request: Request) -> Response:  # noqa: ARG001 - a route's signature
    """Answer 200 while the event loop runs."""
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """Answer 200 when the database can be read, 503 with a code otherwise."""
    platform: Platform = request.app.state.platform
    try:
        async with platform.db.reader() as reader:
            await reader.fetch_value("SELECT 1")
    except Refusal as refusal:
        return JSONResponse({"status": "unavailable", "code": refusal.code}, status_code=503)
    return JSONResponse({"status": "ready", "mode": platform.settings.mode, "database": platform.db.engine})


async def keys(request: Request) -> Response:
    """Return the public keys that check access tokens (RFC 7517 section 5)."""
    platform: Platform = request.app.state.platform
    return JSONResponse(platform.tokens.jwks(), headers={"cache-control": "public, max-age=300"})
