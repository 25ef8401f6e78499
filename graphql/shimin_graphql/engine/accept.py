"""Which media type an answer is written in, and whether a request's own can be read; both remembered by header."""

import re
from functools import lru_cache

from shimin_graphql.engine.errors import MediaTypeUnsupported, NotAcceptable

GRAPHQL_JSON = "application/graphql-response+json"
LEGACY_JSON = "application/json"
EVENT_STREAM = "text/event-stream"
OFFERED = (GRAPHQL_JSON, LEGACY_JSON)
ACCEPT_BYTES_MAX = 512
"""The rest of a longer header is not looked at."""
REMEMBERED = 256
"""Headers whose meaning is kept, per function; clients send a handful of different ones."""
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_UTF8 = frozenset({"utf-8", "utf8", "*"})


def choose_media_type(accept: bytes | None, offered: tuple[str, ...] = OFFERED) -> str:
    """Return the media type to answer in; the first of those offered where the caller has no wish.

    Raises:
        NotAcceptable: the caller takes none of those offered.

    Source: RFC 9110 sections 12.4.2 (weights) and 12.5.1 (the most specific range decides).
    """
    return _choose(accept[:ACCEPT_BYTES_MAX], offered) if accept else offered[0]


@lru_cache(REMEMBERED)
def _choose(accept: bytes, offered: tuple[str, ...]) -> str:
    ranges = [_range(part) for part in accept.decode("latin-1").lower().split(",") if part.strip()]
    if not ranges:
        return offered[0]
    ranked = []
    for kind in offered:
        matching = [
            (len(name.rstrip("*")), -position, weight)
            for position, (name, weight) in enumerate(ranges)
            if name == kind or (name.endswith("/*") and (name == "*/*" or kind.startswith(name[:-1])))
        ]
        if not matching:
            continue
        exactness, position, weight = max(matching)
        if weight > 0:
            # A tie goes to what was named over what a wildcard lets in, then to what was named first.
            is_named = exactness == len(kind)
            place = -position if is_named else offered.index(kind)
            ranked.append((-weight, not is_named, place, offered.index(kind)))
    if not ranked:
        raise NotAcceptable
    return offered[min(ranked)[3]]


def _range(part: str) -> tuple[str, float]:
    """Return a media range and its weight; 0 where the weight cannot be read or the charset is not ours."""
    name, *parameters = [item.strip() for item in part.split(";")]
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            weight = float(value) if _WEIGHT.fullmatch(value) else 0.0
        elif key == "charset" and value.strip('"') not in _UTF8:
            return name, 0.0
    return name, weight


@lru_cache(REMEMBERED)
def need_json(content_type: bytes) -> None:
    """Go on only if a body of that type can be read.

    Raises:
        MediaTypeUnsupported: it is not JSON in UTF-8. Simple content types (``text/plain``, forms) are among what is
            refused: a page of any site can send those without asking first.

    Source: GraphQL over HTTP section 5.4; WHATWG Fetch, "CORS-safelisted request-header".
    """
    kind, *parameters = [part.strip() for part in content_type[:ACCEPT_BYTES_MAX].decode("latin-1").lower().split(";")]
    charset = next((item[8:].strip('"') for item in parameters if item.startswith("charset=")), "utf-8")
    if kind != LEGACY_JSON or charset not in _UTF8:
        raise MediaTypeUnsupported
