"""The messages of graphql-transport-ws: those of clients read strictly, our own as they are sent.

Source: GraphQL over WebSocket Protocol (``graphql-transport-ws``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shimin_graphql.engine.errors import BodyMalformed
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.reply import dump
from shimin_graphql.engine.request import GraphQLRequest, read_json, read_members

SUBPROTOCOL = "graphql-transport-ws"
TOO_BIG = 1009
FAULT = 1011
TRY_AGAIN_LATER = 1013
"""These three: RFC 6455 section 7.4.1 and its registry."""
BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
INIT_TIMEOUT = 4408
ID_TAKEN = 4409
INIT_TWICE = 4429
REASON_BYTES_MAX = 123
"""RFC 6455 section 5.5: 125 bytes of a control frame, two of them the code."""
ID_CHARS_MAX = 128
INIT_HEADERS = ("authorization", "accept-language")
"""What a browser's page cannot set on a websocket, or not as it would like to."""
CLIENT_TYPES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})
ACK = b'{"type":"connection_ack"}'


class Closed(Exception):  # noqa: N818 - what happens to the connection, not what is wrong
    """The connection is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        """Take a close code, and a reason of which as much is sent as fits."""
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client; which members it has depends on its type."""

    type: str
    id: str = ""
    """Of ``subscribe`` and ``complete``: names an operation of this connection."""
    payload: Mapping[str, Any] | None = None
    request: GraphQLRequest | None = None
    """Of ``subscribe``: the payload, read."""


def read_message(event: Mapping[str, Any], size_bytes_max: int) -> Message:
    """Return the message in a ``websocket.receive`` event.

    Raises:
        Closed: it is longer than allowed (1009), or no message that a client may send (4400).
    """
    text = event.get("text")
    if text is None:
        raise Closed(BAD_REQUEST, "messages are text")
    data = text.encode(errors="surrogatepass")
    if len(data) > size_bytes_max:
        raise Closed(TOO_BIG, f"at most {size_bytes_max} bytes a message")
    try:
        return _read(read_json(data))
    except BodyMalformed as refusal:
        raise Closed(BAD_REQUEST, str(refusal.params["reason"])) from None


def _read(value: Any) -> Message:
    """Return the message.

    Raises:
        BodyMalformed: it is none.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in CLIENT_TYPES:
        raise BodyMalformed(reason="“type” is none that a client sends")
    payload = value.get("payload")
    if kind in {"subscribe", "complete"}:
        name = value.get("id")
        if not isinstance(name, str) or not 0 < len(name) <= ID_CHARS_MAX:
            raise BodyMalformed(reason=f"“id” is a text of 1 to {ID_CHARS_MAX} characters")
        return Message(kind, name, request=read_members(payload) if kind == "subscribe" else None)
    if payload is not None and not isinstance(payload, dict):
        raise BodyMalformed(reason="“payload” has the wrong type")
    return Message(kind, payload=payload)


def with_init(headers: Headers, payload: Mapping[str, Any] | None) -> Headers:
    """Return the connection's headers, with those that ``connection_init`` brings in their place.

    Raises:
        Closed: one of them is nothing that a header can hold (4400).
    """
    found = dict(headers)
    for name, value in (payload or {}).items():
        if (header := name.lower()) in INIT_HEADERS:
            if not isinstance(value, str) or not value.isascii():
                raise Closed(BAD_REQUEST, f"“{header}” is an ASCII text")
            found[header.encode()] = value.encode()
    return found


def pong(payload: Mapping[str, Any] | None) -> bytes:
    """Return the answer to a ping, which carries what the ping did."""
    return b'{"type":"pong"}' if payload is None else b'{"type":"pong","payload":' + dump(payload) + b"}"


def next_(name: str, body: bytes) -> bytes:
    """Return a response of an operation; ``body`` is JSON already."""
    return b'{"id":' + dump(name) + b',"type":"next","payload":' + body + b"}"


def errors(name: str, found: Sequence[Mapping[str, Any]]) -> bytes:
    """Return what ends an operation that did not run."""
    return dump({"id": name, "type": "error", "payload": found})


def complete(name: str) -> bytes:
    """Return what ends an operation that ran."""
    return dump({"id": name, "type": "complete"})
