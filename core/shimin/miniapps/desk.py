"""The core's side of one guest call: what the guest asks for is checked as if it came from the network."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from shimin import connectors, exchange, releases
from shimin.kit.refusal import InvalidInput, Refusal
from shimin.kit.text import say_refusal
from shimin.miniapps.errors import DocumentNotDeclared, IdempotencyKeyMissing
from shimin.miniapps.offers import Offers
from shimin.ports.sandbox import HostCallsExceeded, HostRefusal, Limits

if TYPE_CHECKING:
    from shimin.db import Database
    from shimin.kit.call import Call
    from shimin.kit.clock import Clock
    from shimin.ports.connector import Connector
    from shimin.ports.edge import Edge
    from shimin.ports.sandbox import Sandbox
    from shimin.ports.sealer import Sealer

log = structlog.get_logger("shimin.miniapps")
LOG_CHARS_MAX = 2_000
CALL_SERVICE = "service.call"
"""Asks another mini-app's operation: ``{"app", "operation", "input"}``."""
LAST_WORDS_S = 0.05
"""What a guest keeps of its time to say that an origin was late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The ports that host calls go through."""

    db: Database
    edge: Edge
    connector: Connector
    sealer: Sealer
    sandbox: Sandbox
    clock: Clock
    subject_secret: bytes


@dataclass(slots=True)
class Budget:
    """What a citizen's tap may use in all: the mini-app they called, and every service that it asks."""

    limits: Limits
    host_calls_left: int = field(init=False)
    guest_ms_left: float = field(init=False)
    """For services; the mini-app itself is held by its sandbox."""
    began_s: float | None = None
    """When the guest first asked for something: it runs at least since then."""

    def __post_init__(self) -> None:
        """Begin with everything."""
        self.host_calls_left = self.limits.host_calls
        self.guest_ms_left = self.limits.guest_ms

    def take_host_call(self, app_id: str) -> None:
        """Use up one host call.

        Raises:
            HostCallsExceeded: none is left.
        """
        if self.began_s is None:
            self.began_s = time.monotonic()
        if self.host_calls_left <= 0:
            raise HostCallsExceeded(app_id=app_id, host_calls_max=self.limits.host_calls)
        self.host_calls_left -= 1

    def left_s(self) -> float:
        """Return what is left of the time, never nothing."""
        spent_s = time.monotonic() - (self.began_s or time.monotonic())
        return max(self.limits.wall_ms / 1000 - spent_s, 2 * LAST_WORDS_S)


@dataclass(slots=True)
class Desk:
    """Serves one guest call: its release's documents and connectors, its citizen's authority, the refusals it met."""

    call: Call
    release: releases.Release
    documents: Mapping[str, releases.ReleaseDocument]
    parts: Parts
    budget: Budget
    serve: Callable[[Desk, exchange.ServiceName, Mapping[str, Any]], Awaitable[Any]]
    """Asks another mini-app's service."""
    key: str | None
    """The idempotency key: a call that has one may change something."""
    waiting: tuple[str, ...]
    """The mini-apps that wait for this one's answer, the one that the citizen called first; itself last."""
    met: dict[str, Refusal] = field(default_factory=dict)
    """The core's own refusals by code: what the phone acts on is taken from here, not from the guest."""
    journal: list[connectors.CallRecord] = field(default_factory=list)

    async def execute(self, document: str, variables: str) -> str:
        """Run one of the release's documents; return its data as JSON.

        Raises:
            HostRefusal: with the code of what was refused.
        """
        return await self._told(self._run(document, variables))

    async def ask(self, service: str, request: str) -> str:
        """Ask one of the platform's services, or another mini-app's; raises like ``execute``."""
        return await self._told(self._ask(service, request))

    async def fetch(self, connector: str, request: str) -> str:
        """Ask an origin that the release declares; return its answer as JSON.

        Raises:
            HostRefusal: with the code of what was refused.
        """
        try:
            self.budget.take_host_call(self.release.app_id)
            asked = connectors.read_request(request)
            if asked.method not in connectors.READS and self.key is None:
                raise IdempotencyKeyMissing
            order = connectors.Fetch(connector, asked, self.budget.left_s() - LAST_WORDS_S, self.journal)
            parts = self.parts
            return await connectors.fetch(
                self.call, order, db=parts.db, connector=parts.connector, sealer=parts.sealer, clock=parts.clock
            )
        except Refusal as refusal:
            raise self._refused(refusal) from None

    async def log(self, level: str, message: str) -> None:
        """Keep what the guest wrote for its department."""
        log.info(
            "miniapp.log",
            app_id=self.release.app_id,
            release_id=self.release.id,
            level=level[:16],
            message=message[:LOG_CHARS_MAX],
            trace_id=self.call.trace_id,
        )

    async def close(self) -> None:
        """Write down what was asked of origins; a guest call that asked none costs nothing."""
        if self.journal:
            async with self.parts.db.unit() as unit:
                await connectors.record_calls(self.call, self.journal, unit=unit)

    def _refused(self, refusal: Refusal) -> HostRefusal:
        """Remember a refusal; return it as the guest sees it: code, words, and its parameters as JSON."""
        self.met[refusal.code] = refusal
        params = orjson.dumps(dict(refusal.params), default=str).decode()
        return HostRefusal(refusal.code, say_refusal(refusal, self.call.locale), params)

    async def _told(self, work: Awaitable[Any]) -> str:
        """Return what the guest is told of something done for it."""
        try:
            return orjson.dumps(await work).decode()
        except Refusal as refusal:
            raise self._refused(refusal) from None

    async def _ask(self, service: str, request: str) -> Any:
        self.budget.take_host_call(self.release.app_id)
        if service == CALL_SERVICE:
            return await self.serve(self, *exchange.read_request(request))
        return await Offers(self.call, self.key, self.parts.db, self.parts.clock).answer(service, request)

    async def _run(self, path: str, variables: str) -> Mapping[str, Any]:
        self.budget.take_host_call(self.release.app_id)
        document = self.documents.get(path)
        if document is None:
            raise DocumentNotDeclared(path=path[:200])
        try:
            values = orjson.loads(variables or "{}")
        except orjson.JSONDecodeError:
            values = None
        if not isinstance(values, dict):
            raise InvalidInput(field="variables", reason="one JSON object")
        return await self.parts.edge.run_document(self.call, document.text, values)
