"""Reading a GraphQL-over-HTTP request: strictly, and before anything expensive happens.

Source: GraphQL over HTTP, sections 4 to 6 and the appendix on persisted documents.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from shimin_graphql.engine.errors import BodyMalformed, BodyTimeout, BodyTooLarge, HeaderMalformed, UrlTooLong

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
JSON_DEPTH_MAX = 64
BODY_TIMEOUT_S = 10.0
"""Longest wait for the next piece of a body."""
QUERY_BYTES_MAX = 16 * 1024
"""Longest query component of an address; a text that needs more is sent with POST."""
PARAMETERS_MAX = 20
LENGTH_DIGITS_MAX = 15
NO_VARIABLES: Mapping[str, Any] = {}


@dataclass(slots=True)
class GraphQLRequest:
    """What a client asks to run: a trusted document by id, or a text where that is allowed."""

    document_id: str | None = None
    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


class ClientGone(Exception):  # noqa: N818 - what happened, not what is wrong
    """The client went away before its request was complete; there is nobody to answer."""


async def read_body(receive: Receive, declared: bytes | None, size_bytes_max: int) -> bytes:
    """Return the body; stop reading as soon as it is longer than allowed.

    Args:
        receive: as ASGI hands it to an application.
        declared: the ``content-length`` header, where there is one.

    Raises:
        BodyTooLarge: by its declared or its real length.
        BodyTimeout: the next piece did not come in time.
        HeaderMalformed: the declared length is no number.
        ClientGone: the connection ended first.
    """
    if declared is not None:
        if not declared.isdigit():
            raise HeaderMalformed(name="content-length")
        if len(declared) > LENGTH_DIGITS_MAX or int(declared) > size_bytes_max:
            raise BodyTooLarge(size_bytes_max=size_bytes_max)
    message = await _next_message(receive)
    chunk: bytes = message.get("body", b"")
    if not message.get("more_body") and len(chunk) <= size_bytes_max:
        return chunk  # as it came, in one piece: the way of nearly every request
    chunks, size = [chunk], len(chunk)
    while message.get("more_body") and size <= size_bytes_max:
        message = await _next_message(receive)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > size_bytes_max:
        raise BodyTooLarge(size_bytes_max=size_bytes_max)
    return b"".join(chunks)


async def _next_message(receive: Receive) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            message = await receive()
    except TimeoutError:
        raise BodyTimeout from None
    if message["type"] != "http.request":
        raise ClientGone
    return message


def read_post(body: bytes) -> GraphQLRequest:
    """Return the request in a JSON body.

    Raises:
        BodyMalformed: no JSON object, or a member of the wrong type.
    """
    return read_members(read_json(body))


def read_get(query_string: bytes) -> GraphQLRequest:
    """Return the request in the query component of an address; an empty parameter is one that was not sent.

    Raises:
        UrlTooLong: longer than ``QUERY_BYTES_MAX``.
        BodyMalformed: a parameter came twice, is not UTF-8, or is not the JSON it should be.

    Source: GraphQL over HTTP section 5.3.
    """
    if len(query_string) > QUERY_BYTES_MAX:
        raise UrlTooLong(size_bytes_max=QUERY_BYTES_MAX)
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise BodyMalformed(reason="the query of the address is not URL-encoded UTF-8") from None
    members: dict[str, Any] = _once(pairs)
    for name in ("variables", "extensions"):
        if name in members:
            members[name] = read_json(members[name].encode())
    return read_members(members)


def read_members(value: Any) -> GraphQLRequest:
    """Return a request from its members; a null member is one that was not sent, an unknown one is ignored.

    Raises:
        BodyMalformed: no object, a member of the wrong type, or nothing to run.

    Source: GraphQL over HTTP sections 5.1 and 5.4.1.
    """
    if not isinstance(value, dict):
        reason = "operations are sent one by one" if isinstance(value, list) else "the body must be one JSON object"
        raise BodyMalformed(reason=reason)
    get = value.get
    document_id, query, name = get("documentId"), get("query"), get("operationName")
    variables, extensions = get("variables"), get("extensions")
    if document_id is None and query is None:
        raise BodyMalformed(reason="“documentId” or “query” is missing")
    for member, found, kind in (
        ("documentId", document_id, str),
        ("query", query, str),
        ("operationName", name, str),
        ("variables", variables, dict),
        ("extensions", extensions, dict),
    ):
        if found is not None and not isinstance(found, kind):
            raise BodyMalformed(reason=f"“{member}” has the wrong type")
    return GraphQLRequest(document_id, query, name or None, NO_VARIABLES if variables is None else variables)


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, in which no object has the same member twice.

    Raises:
        BodyMalformed: it is no such text, or nested deeper than ``JSON_DEPTH_MAX``.

    Source: RFC 8259 (UTF-8, no byte order mark), RFC 7493 section 2.3 (members are unique).
    """
    # Counting the brackets in strings too only makes the bound stricter.
    if body.count(b"[") + body.count(b"{") > JSON_DEPTH_MAX:
        _check_depth(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyMalformed(reason="not valid JSON in UTF-8") from None
    # What is the same when it is written again, but for white space, has lost nothing: no second member, no digit.
    # Whatever is spelled otherwise is read once more, slowly and strictly.
    again = orjson.dumps(value)
    if again == body or again.translate(None, _SPACE) == body.translate(None, _SPACE):
        return value
    return _read_strictly(body)


def _read_strictly(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_once)
    except ValueError:  # a whole number of more digits than Python reads
        raise BodyMalformed(reason="a number has too many digits") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyMalformed(reason="a member is there twice")
    return members


def _check_depth(body: bytes) -> None:
    depth = 0
    for byte in body.translate(None, _PLAIN):
        depth += 1 if byte in b"[{" else -1
        if depth > JSON_DEPTH_MAX:
            raise BodyMalformed(reason=f"nested deeper than {JSON_DEPTH_MAX}")


_SPACE = b" \t\n\r"
_PLAIN = bytes(set(range(256)) - set(b"[]{}"))
"""Everything but brackets."""
