"""What every response carries, whatever route made it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
)
"""OWASP secure headers for an interface that serves data; a page that needs more says so in a header of its own."""


class SecurityHeaders:
    """Adds to each response the headers it lacks; nothing is buffered, so event streams pass untouched."""

    def __init__(self, app: "ASGIApp") -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: "Message") -> None:
            if message["type"] == "http.response.start":
                told = list(message.get("headers", ()))
                named = {name.lower() for name, _ in told}
                message["headers"] = [*told, *(header for header in HEADERS if header[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
