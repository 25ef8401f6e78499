"""Departments' systems of record over HTTPS: signed questions, bounded time and size, answers held to their schema."""

import asyncio
import hashlib
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
import jsonschema_rs
import orjson
import structlog

from shimin.adapters.circuit import Circuit
from shimin.kit.clock import Clock
from shimin.kit.held import assert_outside_unit
from shimin.kit.refusal import InvalidInput
from shimin.kit.signed_request import NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, request_signature
from shimin.ports.registration import OperationSpec, SourceAddress, SourceSpec, declared_only
from shimin.ports.source import SourceAnswer, SourceQuestion, SourceUnavailable

log = structlog.get_logger("shimin.source")

SECRET_BYTES_MIN = 32
AT_ONCE_MAX = 16
"""Questions one source is asked at the same time: a slow one holds no more than its share."""
KEPT_MAX = 1_000
"""Answers kept in memory over all sources."""
JSON_DEPTH_MAX = 16
AHEAD_MAX = timedelta(minutes=5)
"""How far a source's clock may be ahead."""

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")

Reason = Literal["down", "slow", "nonsense", "refused"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An earlier answer and when it was given (monotonic seconds)."""

    answer: SourceAnswer
    at_s: float


@dataclass(slots=True)
class _Desk:
    """What is held for one source."""

    spec: SourceSpec
    address: SourceAddress
    circuit: Circuit
    turns: asyncio.Semaphore
    inputs: dict[str, jsonschema_rs.Validator] = field(default_factory=dict)
    returns: dict[str, jsonschema_rs.Validator] = field(default_factory=dict)


class _Failed(Exception):  # noqa: N818 - internal signal
    """The source gave no usable answer."""

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(reason)


class HttpSource:
    """Fulfils ``ports.source.Source`` for every registered source."""

    def __init__(
        self, specs: Mapping[str, SourceSpec], addresses: Mapping[str, SourceAddress], *, clock: Clock
    ) -> None:
        """Prepare every source; nothing is asked yet.

        Args:
            specs: the registrations by name.
            addresses: where each is, by the same names.

        Raises:
            ValueError: a source has no address, a short secret, an address that is no http(s) URL, or a schema the
                validator refuses; the text names the source and nothing of its address.
        """
        self._clock = clock
        self._desks = {name: _open_desk(spec, addresses.get(name)) for name, spec in specs.items()}
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._salt = secrets.token_bytes(32)
        # The library logs each request's address at INFO; a source's address stays inside.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "shimin"},
            limits=httpx.Limits(max_connections=AT_ONCE_MAX * max(1, len(self._desks)), keepalive_expiry=30.0),
        )

    async def ask(self, question: SourceQuestion) -> SourceAnswer:
        """Return the source's answer, cut to what its schema declares.

        Raises:
            SOURCE_UNAVAILABLE: no usable answer in time (down, slow, nonsense, refused).
            INVALID_INPUT: the inputs do not fit the operation's schema, or nothing of that name is registered.
        """
        assert_outside_unit("ask a department's source")
        desk = self._desks.get(question.source)
        spec = desk.spec.operations.get(question.operation) if desk else None
        if desk is None or spec is None:
            raise InvalidInput(field="source", reason="unknown")
        if not desk.inputs[spec.name].is_valid(dict(question.inputs)):
            raise InvalidInput(field="inputs", reason=f"not what {question.source}/{question.operation} takes")
        key = self._key(question)
        kept = self._kept.get(key)
        if kept and time.monotonic() - kept.at_s < spec.fresh_s:
            return replace(kept.answer, cached=True)
        try:
            answer = await self._ask_in_time(desk, spec, question)
        except _Failed as failed:
            log.warning(
                "source.failed",
                source=question.source,
                operation=question.operation,
                reason=failed.reason,
                trace_id=question.trace_id,
            )
            if kept and failed.reason != "refused" and time.monotonic() - kept.at_s < spec.stale_s:
                return replace(kept.answer, cached=True)
            raise SourceUnavailable(source=question.source, reason=failed.reason) from None
        self._keep(key, spec, answer)
        return answer

    async def close(self) -> None:
        """Close connections and forget every answer."""
        self._kept.clear()
        await self._client.aclose()

    async def _ask_in_time(self, desk: _Desk, spec: OperationSpec, question: SourceQuestion) -> SourceAnswer:
        """Ask within the time limit, waiting for a turn included, and tell the circuit how it went."""
        if not desk.circuit.admits():
            raise _Failed("down")
        try:
            async with asyncio.timeout(spec.timeout_s):
                async with desk.turns:
                    body = await self._exchange(desk, spec, question)
            answer = self._read(desk, spec, body)
        except TimeoutError:
            desk.circuit.failed()
            raise _Failed("slow") from None
        except _Failed as failed:
            if failed.reason == "refused":
                desk.circuit.succeeded()
            else:
                desk.circuit.failed()
            raise
        except BaseException:
            desk.circuit.abandoned()
            raise
        desk.circuit.succeeded()
        return answer

    async def _exchange(self, desk: _Desk, spec: OperationSpec, question: SourceQuestion) -> bytes:
        """Send the question; return the body of a good answer, never more than the limit."""
        body = orjson.dumps(dict(question.inputs))
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(16)
        url = httpx.URL(desk.address.url.rstrip("/") + spec.path)
        signature = request_signature(
            desk.address.secret, method="POST", path=url.path, timestamp=timestamp, nonce=nonce, body=body
        )
        headers = {
            "content-type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            NONCE_HEADER: nonce,
            SIGNATURE_HEADER: signature,
            "shimin-trace": question.trace_id,
        }
        try:
            async with self._client.stream(
                "POST", url, content=body, headers=headers, timeout=spec.timeout_s
            ) as response:
                _check_head(response)
                return await _read_body(response, spec.answer_bytes_max)
        except httpx.TimeoutException:
            raise _Failed("slow") from None
        except httpx.RemoteProtocolError:
            raise _Failed("nonsense") from None
        except httpx.HTTPError:
            raise _Failed("down") from None

    def _read(self, desk: _Desk, spec: OperationSpec, body: bytes) -> SourceAnswer:
        """Turn a body into an answer that fits the schema, or call it nonsense."""
        _check_depth(body)
        try:
            data: Any = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _Failed("nonsense") from None
        data = declared_only(spec.returns, data)
        if not isinstance(data, dict) or not desk.returns[spec.name].is_valid(data):
            raise _Failed("nonsense")
        return SourceAnswer(data=data, as_of=self._as_of(data))

    def _as_of(self, data: Mapping[str, Any]) -> datetime:
        """Return when the answer was true: what the source says, else now."""
        now = self._clock.now()
        stated = data.get("as_of")
        if not isinstance(stated, str):
            return now
        try:
            at = datetime.fromisoformat(stated)
        except ValueError:
            raise _Failed("nonsense") from None
        if at.tzinfo is None or at > now + AHEAD_MAX:
            raise _Failed("nonsense")
        return at

    def _key(self, question: SourceQuestion) -> bytes:
        """Return what an answer is kept under; with a salt of this process it says nothing of the person."""
        text = orjson.dumps([question.source, question.operation, dict(question.inputs)], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, key=self._salt, digest_size=32).digest()

    def _keep(self, key: bytes, spec: OperationSpec, answer: SourceAnswer) -> None:
        """Keep an answer if the operation allows it; the oldest makes room."""
        if max(spec.fresh_s, spec.stale_s) <= 0:
            return
        self._kept[key] = _Kept(answer, time.monotonic())
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _open_desk(spec: SourceSpec, address: SourceAddress | None) -> _Desk:
    """Check what a source needs and compile its schemas."""
    if address is None:
        message = f"the source {spec.name} has no address"
        raise ValueError(message)
    try:
        url = httpx.URL(address.url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        message = f"the address of the source {spec.name} is not a plain http(s) URL"
        raise ValueError(message)
    if len(address.secret) < SECRET_BYTES_MIN:
        message = f"the secret of the source {spec.name} has fewer than {SECRET_BYTES_MIN} bytes"
        raise ValueError(message)
    desk = _Desk(spec, address, Circuit(time.monotonic), asyncio.Semaphore(AT_ONCE_MAX))
    for name, operation in spec.operations.items():
        desk.inputs[name] = jsonschema_rs.Draft202012Validator(dict(operation.inputs), validate_formats=True)
        desk.returns[name] = jsonschema_rs.Draft202012Validator(dict(operation.returns), validate_formats=True)
    return desk


def _check_head(response: httpx.Response) -> None:
    """Take only a plain 200 with JSON."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _Failed("down")
    if status >= httpx.codes.BAD_REQUEST:
        raise _Failed("refused")
    media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    encoding = response.headers.get("content-encoding", "identity")
    if status != httpx.codes.OK or media_type != "application/json" or encoding != "identity":
        raise _Failed("nonsense")


async def _read_body(response: httpx.Response, size_bytes_max: int) -> bytes:
    """Read the body and stop at the limit, whatever length the head announced."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > size_bytes_max:
            raise _Failed("nonsense")
    return bytes(body)


def _check_depth(body: bytes) -> None:
    """Refuse JSON nested deeper than ``JSON_DEPTH_MAX`` before it is parsed."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > JSON_DEPTH_MAX:
            raise _Failed("nonsense")
