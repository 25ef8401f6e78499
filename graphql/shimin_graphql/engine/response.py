"""Answers over HTTP as they leave: headers prepared once, the body as it is."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shimin.kit.refusal import Refusal
from shimin_graphql.engine.accept import OFFERED
from shimin_graphql.middleware import HEADERS

Send = Callable[[dict[str, Any]], Awaitable[None]]
PUBLIC_AGE_S_MAX = 60
"""How long anybody may keep an answer that is the same for everybody."""

METHODS = b"GET, HEAD, POST, OPTIONS"
UNAUTHORIZED = 401
METHOD_NOT_ALLOWED = 405
WITHOUT_BODY = frozenset({204, 304})
NO_STORE = (b"cache-control", b"no-store")
PRIVATE = (b"cache-control", b"private, no-store")
ASK_AGAIN = (b"cache-control", b"private, no-cache")
PUBLIC = (b"cache-control", b"public, max-age=%d" % PUBLIC_AGE_S_MAX)
VARY = (b"vary", b"accept, accept-language, origin")
PREPARED: Mapping[str, tuple[tuple[bytes, bytes], ...]] = {
    media: ((b"content-type", f"{media}; charset=utf-8".encode()), *HEADERS) for media in OFFERED
}
"""What every answer of a media type carries."""


@dataclass(slots=True)
class Response:
    """A whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


async def send_response(send: Send, response: Response, *, head: bool = False) -> None:
    """Send an answer; for HEAD everything but its body (RFC 9110 section 9.3.2)."""
    if response.status not in WITHOUT_BODY:
        response.headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})


def refusal_headers(refusal: Refusal, method: str = "") -> list[tuple[bytes, bytes]]:
    """Return what a refusal says in headers: how to prove who one is, what may be sent, when to come back.

    Args:
        refusal: what is refused.
        method: of the request; a GET that is refused as a method asked for what only POST may.

    Source: RFC 6750 section 3 (401), RFC 9110 sections 10.2.1 (Allow) and 10.2.3 (Retry-After).
    """
    if refusal.http_status == UNAUTHORIZED:
        return [(b"www-authenticate", b"Bearer")]
    if refusal.http_status == METHOD_NOT_ALLOWED:
        return [(b"allow", b"POST" if method in {"GET", "HEAD"} else METHODS)]
    if refusal.retryable:
        return [(b"retry-after", b"%d" % int(refusal.params.get("retry_after_s", 1)))]
    return []


def entity_tag(media: str, body: bytes) -> bytes:
    """Return a strong entity tag: the same for the same bytes of the same media type, and for nothing else.

    Source: RFC 9110 section 8.8.3.
    """
    digest = hashlib.blake2b(body, digest_size=16, key=media.encode()).hexdigest()
    return b'"%s"' % digest.encode()


def is_known(if_none_match: bytes | None, tag: bytes) -> bool:
    """Tell whether the caller already has what the tag stands for (weak comparison, RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    held = [item.strip().removeprefix(b"W/") for item in if_none_match.split(b",")]
    return held == [b"*"] or tag in held
