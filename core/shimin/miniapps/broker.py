"""From a citizen's tap to a mini-app's answer; each host call of the guest runs as a document, as the citizen may.

The guest is hostile input on both sides: what it asks for is checked as if it came from the network, and a refusal
that the phone acts on (consent) is the core's own, never the guest's word for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from shimin import releases
from shimin.kit.refusal import InvalidInput, Refusal
from shimin.kit.text import say_refusal
from shimin.miniapps.errors import (
    ConnectorNotAvailable,
    DocumentNotDeclared,
    MiniAppAnswerInvalid,
    MiniAppRefused,
)
from shimin.miniapps.offers import Offers
from shimin.miniapps.reference import reference
from shimin.miniapps.subject import pairwise_subject
from shimin.ports.sandbox import HostRefusal, Limits

if TYPE_CHECKING:
    from shimin.db import Database
    from shimin.kit.call import Call
    from shimin.kit.clock import Clock
    from shimin.ports.edge import Edge
    from shimin.ports.sandbox import Sandbox

log = structlog.get_logger("shimin.miniapps")
OPERATION_CHARS_MAX = 64
CODE_CHARS_MAX = 64
MESSAGE_CHARS_MAX = 500
LOG_CHARS_MAX = 2_000
INPUT_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class CallMiniApp:
    """One call of a mini-app's operation with JSON input (at most ``INPUT_BYTES_MAX``)."""

    app_id: str
    operation: str
    input: Mapping[str, Any]
    idempotency_key: str | None = None


@dataclass(slots=True)
class _Desk:
    """Serves one guest call: its release's documents, its citizen's authority, and the refusals it met."""

    call: Call
    release: releases.Release
    documents: Mapping[str, releases.ReleaseDocument]
    edge: Edge
    offers: Offers
    met: dict[str, Refusal] = field(default_factory=dict)
    """The core's own refusals by code: what the phone acts on is taken from here, not from the guest."""

    async def execute(self, document: str, variables: str) -> str:
        """Run one of the release's documents; return its data as JSON.

        Raises:
            HostRefusal: with the code of what was refused.
        """
        return await self._told(self._run(document, variables))

    async def ask(self, service: str, request: str) -> str:
        """Ask one of the platform's services; raises like ``execute``."""
        return await self._told(self.offers.answer(service, request))

    async def _told(self, work: Awaitable[Any]) -> str:
        """Return what the guest is told of something done for it, and remember a refusal."""
        try:
            return orjson.dumps(await work).decode()
        except Refusal as refusal:
            self.met[refusal.code] = refusal
            raise _as_host(refusal, self.call) from None

    async def _run(self, path: str, variables: str) -> Mapping[str, Any]:
        document = self.documents.get(path)
        if document is None:
            raise DocumentNotDeclared(path=path[:200])
        try:
            values = orjson.loads(variables or "{}")
        except orjson.JSONDecodeError:
            values = None
        if not isinstance(values, dict):
            raise InvalidInput(field="variables", reason="one JSON object")
        return await self.edge.run_document(self.call, document.text, values)

    async def fetch(self, connector: str, request: str) -> str:  # noqa: ARG002 - the port's signature
        """Refuse: a release cannot declare a connector yet, so none may be used."""
        raise _as_host(ConnectorNotAvailable(connector=connector[:200]), self.call)

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


def _as_host(refusal: Refusal, call: Call) -> HostRefusal:
    """Return a refusal as the guest sees it: code, words, and its parameters as JSON."""
    params = orjson.dumps(dict(refusal.params), default=str).decode()
    return HostRefusal(refusal.code, say_refusal(refusal, call.locale), params)


async def call_mini_app(
    call: Call,
    order: CallMiniApp,
    *,
    db: Database,
    sandbox: Sandbox,
    edge: Edge,
    subject_secret: bytes,
    clock: Clock,
) -> Any:
    """Run one operation of the live release of a mini-app for the calling citizen; return its JSON answer.

    Args:
        subject_secret: key of the pairwise subjects (at least 32 bytes).

    Raises:
        NotSignedIn, NotAllowed: the caller is no citizen in person.
        InvalidInput: the operation's name or the input's size is out of bounds.
        AppNotServed: no live release.
        MiniAppRefused: the mini-app said no in words of its own.
        MiniAppAnswerInvalid: it answered no JSON.
        Refusal: what the core refused a host call with (``CONSENT_REQUIRED`` and so on), or what the sandbox
            refused the guest with (``MINIAPP_TIMEOUT`` and so on).
    """
    citizen_id = call.need_self()
    envelope = _envelope(call, order, pairwise_subject(citizen_id, order.app_id, subject_secret))
    async with db.reader() as reader:
        release = await releases.find_live(reader, order.app_id)
        documents = {item.path: item for item in await releases.documents_of(reader, release.id)} if release else {}
    if release is None:
        raise releases.AppNotServed(app_id=order.app_id[:100])
    inside = call.for_release(app_id=release.app_id, release_id=release.id, department_id=release.department_id)
    desk = _Desk(inside, release, documents, edge, Offers(inside, db, clock))
    outcome = await sandbox.call(reference(release), order.operation, envelope, host=desk, limits=Limits())
    if outcome.ok:
        try:
            return orjson.loads(outcome.output)
        except orjson.JSONDecodeError:
            raise MiniAppAnswerInvalid(app_id=release.app_id) from None
    if outcome.code in desk.met:
        raise desk.met[outcome.code]
    raise MiniAppRefused(
        app_id=release.app_id, app_code=outcome.code[:CODE_CHARS_MAX], app_message=outcome.message[:MESSAGE_CHARS_MAX]
    )


def _envelope(call: Call, order: CallMiniApp, subject: str) -> str:
    """Return the JSON the guest is handed."""
    if not 0 < len(order.operation) <= OPERATION_CHARS_MAX:
        raise InvalidInput(field="operation", reason=f"1 to {OPERATION_CHARS_MAX} characters")
    envelope = orjson.dumps(
        {
            "input": order.input,
            "locale": call.locale,
            "idempotencyKey": order.idempotency_key,
            "citizen": {"subject": subject},
        }
    )
    if len(envelope) > INPUT_BYTES_MAX:
        raise InvalidInput(field="input", reason=f"at most {INPUT_BYTES_MAX} bytes of JSON")
    return envelope.decode()
