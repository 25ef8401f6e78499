"""One mini-app asks another's operation, for the same citizen and out of the same budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from shimin import exchange, releases
from shimin.exchange import ServiceName, ServiceNotOffered, ServiceRefused, ServiceUnavailable
from shimin.kit.digest import sha256_id
from shimin.miniapps.desk import LAST_WORDS_S, Desk
from shimin.miniapps.errors import CODE_CHARS_MAX, MESSAGE_CHARS_MAX
from shimin.miniapps.reference import reference
from shimin.miniapps.subject import pairwise_subject
from shimin.ports.sandbox import HOST_REPLY_BYTES_MAX, Limits, Outcome, SandboxRefusal


async def call_service(desk: Desk, service: ServiceName, given: Mapping[str, Any]) -> Any:
    """Return what the service answers, within its published schema.

    Args:
        desk: the call that asks; its time, host calls and processor time are what is left for the service.
        given: what goes in.

    Raises:
        ServiceNotDeclared, ServiceChainRefused, ConsentRequired, ConsentDenied: see ``exchange.admit``.
        ServiceNotOffered: no live release exports it.
        ServiceMismatch: input or answer do not fit the schemas.
        ServiceRefused, ServiceUnavailable: the other mini-app said no, or nothing.
        Refusal: what the core refused the *other* mini-app, which the phone acts on (its consent sheet).
    """
    parts = desk.parts
    await exchange.admit(desk.call, service, waiting=desk.waiting, db=parts.db, clock=parts.clock)
    async with parts.db.reader() as reader:
        release = await releases.find_live(reader, service.app_id)
        export = await exchange.find_export(reader, release.id, service.operation) if release else None
        documents = {item.path: item for item in await releases.documents_of(reader, release.id)} if release else {}
    if release is None or export is None:
        raise ServiceNotOffered(service=str(service))
    exchange.check_value(str(service), "input", export.input, given)
    inside = desk.call.for_release(app_id=release.app_id, release_id=release.id, department_id=release.department_id)
    key = _key(desk, service, given)
    inner = Desk(
        call=replace(inside, via=desk.waiting, document_id=None),
        release=release,
        documents=documents,
        parts=parts,
        budget=desk.budget,
        serve=desk.serve,
        key=key,
        waiting=(*desk.waiting, release.app_id),
    )
    envelope = {
        "input": given,
        "locale": desk.call.locale,
        "idempotencyKey": key,
        "citizen": {"subject": pairwise_subject(desk.call.need_citizen(), release.app_id, parts.subject_secret)},
    }
    outcome = await _run(inner, service, orjson.dumps(envelope).decode())
    if not outcome.ok:
        raise inner.met.get(outcome.code) or ServiceRefused(
            service=str(service),
            app_code=outcome.code[:CODE_CHARS_MAX],
            app_message=outcome.message[:MESSAGE_CHARS_MAX],
        )
    answer = _answer(service, outcome.output)
    exchange.check_value(str(service), "output", export.output, answer)
    return answer


async def _run(inner: Desk, service: ServiceName, envelope: str) -> Outcome:
    """Run the other mini-app with what is left of the budget."""
    budget, most = inner.budget, Limits()
    limits = replace(
        most,
        wall_ms=int((budget.left_s() - LAST_WORDS_S) * 1000),
        guest_ms=min(most.guest_ms, max(1, int(budget.guest_ms_left))),
        host_calls=max(1, budget.host_calls_left),
        output_bytes_max=HOST_REPLY_BYTES_MAX,
    )
    try:
        outcome = await inner.parts.sandbox.call(
            reference(inner.release), service.operation, envelope, host=inner, limits=limits
        )
    except SandboxRefusal as refusal:
        raise ServiceUnavailable(service=str(service), reason=refusal.code) from None
    finally:
        await inner.close()
    budget.guest_ms_left -= outcome.usage.cpu_ms
    return outcome


def _answer(service: ServiceName, output: str) -> Any:
    try:
        return orjson.loads(output)
    except orjson.JSONDecodeError:
        raise ServiceUnavailable(service=str(service), reason="MINIAPP_ANSWER_INVALID") from None


def _key(desk: Desk, service: ServiceName, given: Mapping[str, Any]) -> str | None:
    """Return the service's idempotency key: the same for the same wish, so that a repeat does nothing twice."""
    if desk.key is None:
        return None
    wish = orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()
    return sha256_id("\n".join((desk.key, desk.release.app_id, str(service), wish)))
