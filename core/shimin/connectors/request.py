"""What a guest may ask of an origin, read as hostile input and written anew in one canonical way; pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from shimin.kit.refusal import InvalidInput

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
REQUEST_HEADERS = frozenset(
    {"accept", "accept-language", "content-type", "idempotency-key", "if-match", "if-none-match"}
)
"""Headers that a guest may set; every other is the core's."""
PATH_CHARS_MAX = 2_000
TARGET_CHARS_MAX = 8_000
QUERY_PAIRS_MAX = 50
HEADER_CHARS_MAX = 500
BODY_BYTES_MAX = 256 * 1024
_MEMBERS = frozenset({"method", "path", "query", "headers", "body"})
_VALUE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEGMENT_SAFE = "!$&'()*+,;=:@~-._"
"""``pchar`` of RFC 3986 section 3.3 besides letters and digits."""
_DECODINGS_MAX = 4


@dataclass(frozen=True, slots=True)
class Request:
    """A request within its bounds."""

    method: str
    target: str = field(repr=False)
    """Path and query."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def read_request(text: str) -> Request:
    """Return a guest's request, if it is one.

    Args:
        text: ``{"method", "path", "query", "headers", "body"}`` as JSON; all but ``path`` may be missing.

    Raises:
        InvalidInput: a member is unknown or out of bounds; names the member and never repeats a value.
    """
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not asked.keys() <= _MEMBERS:
        raise InvalidInput(field="request", reason="an object of method, path, query, headers, body")
    method = asked.get("method") or "GET"
    if method not in METHODS:
        raise InvalidInput(field="method", reason=", ".join(sorted(METHODS)))
    body = _body(asked.get("body"), method)
    target = _path(asked.get("path")) + _query(asked.get("query") or {})
    if len(target) > TARGET_CHARS_MAX:
        raise InvalidInput(field="query", reason=f"at most {TARGET_CHARS_MAX} characters with the path")
    headers = _headers(asked.get("headers") or {})
    if body:
        headers.setdefault("content-type", "application/json")
    return Request(method, target, headers, body)


def _path(path: Any) -> str:
    """Return an absolute path, each segment escaped anew.

    What some server could still read as a way out is refused, not mended: dots (also before a ``;``), slashes and
    controls, escaped once or several times.
    """
    if not isinstance(path, str) or not path.startswith("/") or len(path) > PATH_CHARS_MAX:
        raise InvalidInput(field="path", reason=f"begins with / and has at most {PATH_CHARS_MAX} characters")
    if any(mark in path for mark in "?#\\") or _ESCAPE.search(path):
        raise InvalidInput(field="path", reason="has no query, no fragment, no backslash, and whole escapes")
    segments = path.split("/")[1:]
    if "" in segments[:-1]:
        raise InvalidInput(field="path", reason="has no empty segment")
    return "".join(f"/{quote(_decoded(segment), safe=_SEGMENT_SAFE)}" for segment in segments)


def _decoded(segment: str) -> str:
    """Return a segment with its escapes resolved, once it is harmless in every reading."""
    first = read = _unquoted(segment)
    for _ in range(_DECODINGS_MAX):
        _check_segment(read)
        again = _unquoted(read)
        if again == read:
            return first
        read = again
    raise InvalidInput(field="path", reason="is not escaped over and over")


def _unquoted(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        raise InvalidInput(field="path", reason="is UTF-8") from None


def _check_segment(read: str) -> None:
    if read.partition(";")[0].strip() in {".", ".."}:
        raise InvalidInput(field="path", reason="has no dot segments")
    if any(mark in read for mark in "/\\") or not read.replace(" ", "").isprintable():
        raise InvalidInput(field="path", reason="has no escaped slashes or control characters")


def _query(query: Any) -> str:
    if not isinstance(query, dict) or len(query) > QUERY_PAIRS_MAX:
        raise InvalidInput(field="query", reason=f"an object of at most {QUERY_PAIRS_MAX} texts")
    if not all(isinstance(item, str) and item.isprintable() for pair in query.items() for item in pair):
        raise InvalidInput(field="query", reason="texts without control characters")
    return f"?{urlencode(query, quote_via=quote)}" if query else ""


def _headers(headers: Any) -> dict[str, str]:
    if not isinstance(headers, dict) or not all(isinstance(name, str) for name in headers):
        raise InvalidInput(field="headers", reason="an object of texts")
    found = {name.lower(): value for name, value in headers.items()}
    if len(found) != len(headers) or not found.keys() <= REQUEST_HEADERS:
        raise InvalidInput(field="headers", reason=", ".join(sorted(REQUEST_HEADERS)))
    for value in found.values():
        if not isinstance(value, str) or len(value) > HEADER_CHARS_MAX or not _VALUE.fullmatch(value):
            raise InvalidInput(field="headers", reason=f"at most {HEADER_CHARS_MAX} visible ASCII characters")
    return found


def _body(body: Any, method: str) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str) or method in READS:
        raise InvalidInput(field="body", reason="a text, and none for GET and HEAD")
    try:
        sent = body.encode()
    except UnicodeError:
        raise InvalidInput(field="body", reason="text without lone surrogates") from None
    if len(sent) > BODY_BYTES_MAX:
        raise InvalidInput(field="body", reason=f"at most {BODY_BYTES_MAX} bytes")
    return sent
