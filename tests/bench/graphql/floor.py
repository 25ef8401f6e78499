"""The floor of an ASGI server: one answer, always the same bytes; nothing is looked up, checked or made."""

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

BODY = Path(os.environ["BENCH_STATIC_BODY"]).read_bytes()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Mapping[str, Any]]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """Read the request and answer."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
