"""A department's own service, asked on behalf of one of its mini-apps; the guest never sees address or secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shimin.kit.refusal import Refusal

ANSWER_BYTES_MAX = 512 * 1024
"""Largest body taken from a connector."""


@dataclass(frozen=True, slots=True)
class SecretHeader:
    """What the core adds to a request so that the department knows it; shown by nothing."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorOrder:
    """One request to a declared origin, already held to the rules of ``connectors.read_request``."""

    app_id: str
    connector: str
    origin: str
    """``https://host`` or ``https://host:port``, as it was approved with the release."""
    method: str
    target: str = field(repr=False)
    """Path and query, percent-encoded (RFC 9112 section 3.2.1)."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secret: SecretHeader | None = None
    timeout_s: float
    """For everything: name, connection, redirects, a second try, the body's last byte."""
    trace_id: str


@dataclass(frozen=True, slots=True)
class ConnectorAnswer:
    """What the origin answered (any status below 500), with the headers that a guest may see."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class UpstreamUnavailable(Refusal):
    """The connector's origin gave no usable answer.

    ``reason``: down, slow, nonsense, too_large, redirect (to elsewhere, or too often), untrusted (its certificate),
    forbidden (its name leads to an address that no connector may reach).
    """

    code = "UPSTREAM_UNAVAILABLE"
    http_status = 503
    retryable = True
    connector: str
    reason: str


class ConnectorBusy(Refusal):
    """The mini-app has as many requests under way as it may have."""

    code = "CONNECTOR_BUSY"
    http_status = 503
    retryable = True
    at_once_max: int


class Connector(Protocol):
    """Ask the origins that releases declare.

    Contract: answers within ``timeout_s`` or refuses; connects only to public addresses, which are checked in the
    moment of the connection; follows no redirect to another origin; repeats only what is idempotent; never lets an
    address, a secret or a body out by logs or errors; is called outside a unit.
    """

    async def fetch(self, order: ConnectorOrder) -> ConnectorAnswer:
        """Return the origin's answer.

        Raises:
            UpstreamUnavailable: no usable answer in time.
            ConnectorBusy: the mini-app asks too much at once.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
