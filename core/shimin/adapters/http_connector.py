"""Mini-apps' connectors over HTTPS: to the approved origin alone, bounded in time, size and number."""

import asyncio
import logging
import ssl
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpcore
import structlog

from shimin.adapters.circuit import Circuit
from shimin.adapters.public_network import AddressForbidden, PublicNetwork, Resolve, resolve_by_system
from shimin.kit.held import assert_outside_unit
from shimin.ports.connector import (
    ANSWER_BYTES_MAX,
    ConnectorAnswer,
    ConnectorBusy,
    ConnectorOrder,
    UpstreamUnavailable,
)

log = structlog.get_logger("shimin.connector")

AT_ONCE_MAX = 8
"""Requests that one mini-app has under way: a slow origin holds no more than its share."""
CONNECTIONS_MAX = 200
REDIRECTS_MAX = 3
HEADER_CHARS_MAX = 1_000
"""Longest value of an answer's header that is passed on."""
ANSWER_HEADERS = frozenset(
    {"cache-control", "content-language", "content-type", "etag", "expires", "last-modified", "retry-after"}
)
"""Headers of an answer that a guest sees; no cookies, no addresses, nothing of the connection."""
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""RFC 9110 section 9.2.2."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SERVER_ERROR = 500
VERSIONS = frozenset({b"HTTP/1.0", b"HTTP/1.1"})

Reason = Literal["down", "slow", "nonsense", "too_large", "redirect", "untrusted", "forbidden"]


class _Failed(Exception):  # noqa: N818 - internal signal
    """The origin gave no usable answer."""

    def __init__(self, reason: Reason, *, again: bool = False) -> None:
        """Say why, and whether a second try may help."""
        self.reason: Reason = reason
        self.again = again
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class _Head:
    """The part of an answer that decides what happens to its body."""

    status: int
    fields: list[tuple[bytes, bytes]]

    def get(self, name: bytes) -> str:
        """Return all values of a header in one line."""
        return ", ".join(value.decode("latin-1") for key, value in self.fields if key.lower() == name)


class HttpConnector:
    """Fulfils ``ports.connector.Connector``.

    A circuit belongs to one mini-app and one origin: what a mini-app provokes cuts off nobody but itself.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        resolve: Resolve = resolve_by_system,
        trust: ssl.SSLContext | None = None,
        moved: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare connections; none is made yet.

        Args:
            allow_loopback: let origins lead to this machine, and then also by plain http; never in production.
            resolve: how names are looked up.
            trust: whose certificates are believed; the system's authorities where absent.
            moved: where an origin leads instead, by declared origin; for development, with ``allow_loopback`` alone.
        """
        self._allow_loopback = allow_loopback
        self._moved = dict(moved or {}) if allow_loopback else {}
        self._circuits: dict[tuple[str, str], Circuit] = {}
        self._under_way: Counter[str] = Counter()
        # The library's lines at DEBUG tell the address; a department's address stays inside.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=0,  # bytes left behind one answer would be read as the next citizen's
            network_backend=PublicNetwork(resolve=resolve, allow_loopback=allow_loopback),
        )

    async def fetch(self, order: ConnectorOrder) -> ConnectorAnswer:
        """Return the origin's answer; see the port.

        Raises:
            UpstreamUnavailable: no usable answer in time.
            ConnectorBusy: ``AT_ONCE_MAX`` requests of the mini-app are under way.
        """
        assert_outside_unit("ask a connector")
        order = replace(order, origin=self._moved.get(order.origin, order.origin))
        if self._under_way[order.app_id] >= AT_ONCE_MAX:
            raise ConnectorBusy(at_once_max=AT_ONCE_MAX)
        self._under_way[order.app_id] += 1
        try:
            return await self._fetch_in_time(order)
        except _Failed as failed:
            log.warning(
                "connector.failed",
                app_id=order.app_id,
                connector=order.connector,
                reason=failed.reason,
                trace_id=order.trace_id,
            )
            raise UpstreamUnavailable(connector=order.connector, reason=failed.reason) from None
        finally:
            self._under_way[order.app_id] -= 1
            if not self._under_way[order.app_id]:
                del self._under_way[order.app_id]

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _fetch_in_time(self, order: ConnectorOrder) -> ConnectorAnswer:
        """Ask within the time limit and tell the circuit how it went."""
        self._check_scheme(order)
        circuit = self._circuits.setdefault((order.app_id, order.origin), Circuit(time.monotonic))
        if not circuit.admits():
            raise _Failed("down")
        try:
            async with asyncio.timeout(order.timeout_s):
                answer = await self._follow(order)
        except TimeoutError:
            circuit.failed()
            raise _Failed("slow") from None
        except _Failed:
            circuit.failed()
            raise
        except BaseException:
            circuit.abandoned()
            raise
        circuit.succeeded()
        return answer

    def _check_scheme(self, order: ConnectorOrder) -> None:
        """Go on only for https; for http to this machine by its own name where that is allowed."""
        url = urlsplit(order.origin)
        if url.scheme == "https" or (
            url.scheme == "http" and self._allow_loopback and url.hostname in {"localhost", "127.0.0.1"}
        ):
            return
        raise _Failed("forbidden")

    async def _follow(self, order: ConnectorOrder) -> ConnectorAnswer:
        """Ask, and go where the origin points inside itself, for questions alone."""
        url = order.origin + order.target
        for _ in range(REDIRECTS_MAX + 1):
            head, body = await self._try_twice(order, url)
            if head.status not in REDIRECTS:
                shown = {name: head.get(name.encode())[:HEADER_CHARS_MAX] for name in sorted(ANSWER_HEADERS)}
                return ConnectorAnswer(head.status, {name: text for name, text in shown.items() if text}, body)
            if order.method not in {"GET", "HEAD"}:
                raise _Failed("redirect")
            url = _inside(order.origin, url, head.get(b"location"))
        raise _Failed("redirect")

    async def _try_twice(self, order: ConnectorOrder, url: str) -> tuple[_Head, bytes]:
        """Ask; once more where the connection failed and asking twice does no harm."""
        try:
            return await self._exchange(order, url)
        except _Failed as failed:
            if not failed.again or order.method not in IDEMPOTENT:
                raise
        return await self._exchange(order, url)

    async def _exchange(self, order: ConnectorOrder, url: str) -> tuple[_Head, bytes]:
        """Send one request; return its answer's head and body, never more than the limit."""
        headers = {
            "host": urlsplit(url).netloc,
            "accept": "application/json",
            "user-agent": "shimin",
            **order.headers,
            "accept-encoding": "identity",
            "shimin-trace": order.trace_id,
        }
        if order.body or order.method in {"POST", "PUT", "PATCH"}:
            headers["content-length"] = str(len(order.body))
        if order.secret:
            headers[order.secret.name.lower()] = order.secret.value
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), order.timeout_s)
        try:
            async with self._pool.stream(
                order.method, url, headers=list(headers.items()), content=order.body, extensions={"timeout": timeouts}
            ) as response:
                head = _Head(response.status, response.headers)
                _check_head(head, response.extensions["http_version"])
                return head, await _read_body(response)
        except AddressForbidden:
            raise _Failed("forbidden") from None
        except httpcore.TimeoutException:
            raise _Failed("slow") from None
        except httpcore.RemoteProtocolError as error:
            raise _Failed("nonsense", again="disconnected" in str(error)) from None
        except httpcore.ConnectError as error:
            untrusted = isinstance(error.__context__, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
            raise _Failed("untrusted" if untrusted else "down", again=not untrusted) from None
        except httpcore.NetworkError:
            raise _Failed("down", again=True) from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            raise _Failed("nonsense") from None


def _inside(origin: str, url: str, location: str) -> str:
    """Return where a redirect leads, if that is inside the origin."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
    except ValueError:
        raise _Failed("redirect") from None
    printable = location.isascii() and location.isprintable() and " " not in location and "\\" not in location
    if not location or not printable or f"{parts.scheme}://{parts.netloc}" != origin:
        raise _Failed("redirect")
    return target.partition("#")[0]


def _check_head(head: _Head, version: bytes) -> None:
    """Take only what is not compressed: what is never unpacked cannot burst."""
    if version not in VERSIONS:
        raise _Failed("nonsense")
    if head.status >= SERVER_ERROR:
        raise _Failed("down")
    if head.get(b"content-encoding").strip().lower() not in {"", "identity"}:
        raise _Failed("nonsense")
    length = head.get(b"content-length")
    if length.isascii() and length.isdigit() and int(length[:20]) > ANSWER_BYTES_MAX:
        raise _Failed("too_large")


async def _read_body(response: httpcore.Response) -> bytes:
    """Read the body and stop at the limit, whatever length the head announced."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise _Failed("too_large")
    return bytes(body)
