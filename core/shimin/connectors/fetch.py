"""Asking an origin on behalf of a mini-app."""

import re
import time
from dataclasses import dataclass, field

import orjson

from shimin.connectors import rows
from shimin.connectors.errors import ConnectorNotAvailable
from shimin.connectors.model import CallRecord, path_template
from shimin.connectors.request import Request
from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed, Refusal
from shimin.ports.connector import Connector, ConnectorAnswer, ConnectorOrder, SecretHeader, UpstreamUnavailable
from shimin.ports.sandbox import HOST_REPLY_BYTES_MAX
from shimin.ports.sealer import Sealer

NAME_CHARS_MAX = 100
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9_-]+)", re.ASCII)
_GB = frozenset({"gbk", "gb2312", "gb18030"})
"""Names of one family of encodings, of which GB 18030 holds the others."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A guest's request by a connector of its release."""

    connector: str
    request: Request
    timeout_s: float
    """What is left of the guest's time."""
    journal: list[CallRecord] = field(default_factory=list)
    """Takes what is kept of the request; written by ``record_calls`` when the guest's call has ended."""


async def fetch(call: Call, order: Fetch, *, db: Database, connector: Connector, sealer: Sealer, clock: Clock) -> str:
    """Return the origin's answer as ``{"status", "headers", "body"}`` in JSON.

    Args:
        call: by a mini-app release.

    Raises:
        NotAllowed: by anybody else.
        ConnectorNotAvailable: the release does not declare it.
        UpstreamUnavailable, ConnectorBusy: see the port; also for a body that is no text.
        SealBroken: the secret cannot be opened.
    """
    release_id, app_id = call.actor.release_id, call.actor.app_id
    if call.actor.kind != "miniapp" or release_id is None or app_id is None:
        raise NotAllowed
    async with db.reader() as reader:
        way = await rows.find_way(reader, release_id=release_id, name=order.connector[:NAME_CHARS_MAX])
    if way is None:
        raise ConnectorNotAvailable(connector=order.connector[:NAME_CHARS_MAX])
    secret = None
    if way.header and way.sealed:
        secret = SecretHeader(way.header, sealer.unseal(way.sealed, way.connector_id).decode())
    asked = ConnectorOrder(
        app_id=app_id,
        connector=order.connector,
        origin=way.origin,
        method=order.request.method,
        target=order.request.target,
        headers=order.request.headers,
        body=order.request.body,
        secret=secret,
        timeout_s=order.timeout_s,
        trace_id=call.trace_id,
    )
    began_at, began_s = clock.now(), time.monotonic()
    answer: ConnectorAnswer | None = None
    outcome = "answered"
    try:
        answer = await connector.fetch(asked)
        return _reply(order.connector, answer)
    except UpstreamUnavailable as refusal:
        outcome = refusal.reason
        raise
    except Refusal as refusal:
        outcome = refusal.code
        raise
    except BaseException:
        outcome = "abandoned"
        raise
    finally:
        order.journal.append(
            CallRecord(
                at=began_at,
                connector=order.connector,
                method=asked.method,
                path_template=path_template(asked.target),
                outcome=outcome,
                status=answer.status if answer else None,
                request_bytes=len(asked.body),
                answer_bytes=len(answer.body) if answer else 0,
                duration_ms=round((time.monotonic() - began_s) * 1000),
            )
        )


def _reply(connector: str, answer: ConnectorAnswer) -> str:
    """Return an answer as the guest reads it.

    Raises:
        UpstreamUnavailable: the body is no text, or grows too large as JSON.
    """
    named = _CHARSET.search(answer.headers.get("content-type", ""))
    encoding = "gb18030" if named and named[1].lower() in _GB else "utf-8"
    try:
        body = answer.body.decode(encoding)
    except UnicodeDecodeError:
        raise UpstreamUnavailable(connector=connector, reason="nonsense") from None
    reply = orjson.dumps({"status": answer.status, "headers": dict(answer.headers), "body": body})
    if len(reply) > HOST_REPLY_BYTES_MAX:
        raise UpstreamUnavailable(connector=connector, reason="too_large")
    return reply.decode()
