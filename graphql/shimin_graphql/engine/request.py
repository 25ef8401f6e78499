"""Reading a GraphQL-over-HTTP request: strictly, and before anything expensive happens.

Source: GraphQL over HTTP, sections 4 to 6 and the appendix on persisted documents.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request

from shimin_graphql.engine.errors import (
    BodyMalformed,
    BodyTooLarge,
    DocumentsOnly,
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotAcceptable,
)

GRAPHQL_JSON = "application/graphql-response+json"
LEGACY_JSON = "application/json"
EVENT_STREAM = "text/event-stream"
JSON_DEPTH_MAX = 64


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client asks to run: a trusted document by id, or a text where that is allowed."""

    document_id: str | None = None
    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


def choose_media_type(accept: str | None, offered: tuple[str, ...] = (GRAPHQL_JSON, LEGACY_JSON)) -> str:
    """Return the media type to answer in; the legacy one only where the modern one is not asked for.

    Raises:
        NotAcceptable: the caller takes none of those offered.
    """
    if not accept or not accept.strip():
        return offered[0]
    ranked = []
    for position, part in enumerate(accept[:500].split(",")):
        name, *parameters = [item.strip().lower() for item in part.split(";")]
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        ranked += [
            (-quality, name != kind, offered.index(kind) if name != kind else position, kind)
            for kind in offered
            if quality > 0 and name in {kind, f"{kind.split('/')[0]}/*", "*/*"}
        ]
    if not ranked:
        raise NotAcceptable
    return min(ranked)[3]


async def read_body(request: Request, size_bytes_max: int) -> bytes:
    """Return the body, or stop reading as soon as it is longer than allowed.

    Raises:
        BodyTooLarge: by its declared or its real length.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > size_bytes_max:
        raise BodyTooLarge(size_bytes_max=size_bytes_max)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > size_bytes_max:
            raise BodyTooLarge(size_bytes_max=size_bytes_max)
        chunks.append(chunk)
    return b"".join(chunks)


async def read_request(request: Request, *, size_bytes_max: int, texts_allowed: bool) -> GraphQLRequest:
    """Return the request of a POST or GET.

    Raises:
        BodyMalformed: no JSON object, or a member of the wrong type.
        BodyTooLarge: longer than ``size_bytes_max``.
        MediaTypeUnsupported: not sent as JSON in UTF-8 (simple content types could be forged across sites).
        MethodNotAllowed: neither POST nor GET.
        DocumentsOnly: a text where only trusted documents run.
    """
    if request.method == "GET":
        query = request.query_params
        raw = query.get("variables")
        members: Any = {
            "documentId": query.get("documentId"),
            "query": query.get("query"),
            "operationName": query.get("operationName"),
            "variables": _json(raw.encode()) if raw else None,
        }
    elif request.method == "POST":
        _need_json(request.headers.get("content-type", ""))
        members = _json(await read_body(request, size_bytes_max))
    else:
        raise MethodNotAllowed
    found = _members(members)
    if found.query is not None and found.document_id is None and not texts_allowed:
        raise DocumentsOnly
    return found


def _need_json(content_type: str) -> None:
    kind, *parameters = [part.strip().lower() for part in content_type.split(";")]
    charset = next((item[8:].strip('"') for item in parameters if item.startswith("charset=")), "utf-8")
    if kind != LEGACY_JSON or charset not in {"utf-8", "utf8"}:
        raise MediaTypeUnsupported


def _json(body: bytes) -> Any:
    depth = deepest = 0
    for byte in body.translate(None, _PLAIN):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > JSON_DEPTH_MAX:
        raise BodyMalformed(reason=f"nested deeper than {JSON_DEPTH_MAX}")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyMalformed(reason="not valid JSON in UTF-8") from None
    return value if orjson.dumps(value) == body else _read_strictly(body)


def _read_strictly(body: bytes) -> Any:
    """Return the value again where something may have been lost: no member may be there twice (RFC 7493, 2.3)."""
    try:
        return json.loads(body, object_pairs_hook=_once)
    except ValueError:  # a whole number of more digits than Python reads
        raise BodyMalformed(reason="a number has too many digits") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyMalformed(reason="a member is there twice")
    return members


_PLAIN = bytes(set(range(256)) - set(b"[]{}"))
"""Everything but brackets: counting those in strings too only makes the bound stricter."""


def _members(value: Any) -> GraphQLRequest:
    if not isinstance(value, dict):
        raise BodyMalformed(reason="the body must be one JSON object")
    for name, kind in (
        ("documentId", str),
        ("query", str),
        ("operationName", str),
        ("variables", dict),
        ("extensions", dict),
    ):
        if value.get(name) is not None and not isinstance(value[name], kind):
            raise BodyMalformed(reason=f"“{name}” has the wrong type")
    if value.get("documentId") is None and value.get("query") is None:
        raise BodyMalformed(reason="“documentId” or “query” is missing")
    return GraphQLRequest(
        document_id=value.get("documentId"),
        query=value.get("query"),
        operation_name=value.get("operationName"),
        variables=value.get("variables") or {},
    )
