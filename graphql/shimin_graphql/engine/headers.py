"""A request's headers, read in one pass: lists joined, and what may come only once refused when it comes twice."""

from collections.abc import Iterable, Mapping

from shimin_graphql.engine.errors import HeaderMalformed, HeadersTooLarge

Headers = Mapping[bytes, bytes]
"""Headers by lower-case name."""
NO_HEADERS: Headers = {}
RawHeaders = Iterable[tuple[bytes, bytes]]
HEADERS_MAX = 100
HEADERS_BYTES_MAX = 32 * 1024
SINGLE = frozenset({b"authorization", b"content-length", b"content-type", b"host", b"origin"})
"""Two of these would let two readers of one request see two requests."""


def read_headers(raw: RawHeaders) -> Headers:
    """Return the headers by name.

    Raises:
        HeadersTooLarge: more than ``HEADERS_MAX``, or together longer than ``HEADERS_BYTES_MAX``.
        HeaderMalformed: one that may come once came twice.

    Source: RFC 9110 sections 5.3 (repeated fields) and 5.5 (field values).
    """
    fields = raw if isinstance(raw, list) else list(raw)
    found = dict(fields)
    if len(fields) > HEADERS_MAX or sum(map(len, found.values())) > HEADERS_BYTES_MAX:
        raise HeadersTooLarge(size_bytes_max=HEADERS_BYTES_MAX)
    return found if len(found) == len(fields) else _joined(fields)


def _joined(fields: RawHeaders) -> Headers:
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if name not in found:
            found[name] = value
        elif name in SINGLE:
            raise HeaderMalformed(name=name.decode("ascii"))
        else:
            found[name] += b", " + value
    if sum(map(len, found.values())) > HEADERS_BYTES_MAX:
        raise HeadersTooLarge(size_bytes_max=HEADERS_BYTES_MAX)
    return found
