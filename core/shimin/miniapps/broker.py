"""From a citizen's tap to a mini-app's answer; each host call of the guest runs as a document, as the citizen may.

The guest is hostile input on both sides: what it asks for is checked as if it came from the network, and a refusal
that the phone acts on (consent) is the core's own, never the guest's word for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from shimin import releases
from shimin.kit.refusal import InvalidInput
from shimin.miniapps.call_service import call_service
from shimin.miniapps.desk import Budget, Desk, Parts
from shimin.miniapps.errors import CODE_CHARS_MAX, MESSAGE_CHARS_MAX, MiniAppAnswerInvalid, MiniAppRefused
from shimin.miniapps.reference import reference
from shimin.miniapps.subject import pairwise_subject
from shimin.ports.sandbox import Limits

if TYPE_CHECKING:
    from shimin.db import Database
    from shimin.kit.call import Call
    from shimin.kit.clock import Clock
    from shimin.ports.connector import Connector
    from shimin.ports.edge import Edge
    from shimin.ports.sandbox import Sandbox
    from shimin.ports.sealer import Sealer

OPERATION_CHARS_MAX = 64
INPUT_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class CallMiniApp:
    """One call of a mini-app's operation with JSON input (at most ``INPUT_BYTES_MAX``)."""

    app_id: str
    operation: str
    input: Mapping[str, Any]
    idempotency_key: str | None = None


async def call_mini_app(
    call: Call,
    order: CallMiniApp,
    *,
    db: Database,
    sandbox: Sandbox,
    edge: Edge,
    connector: Connector,
    sealer: Sealer,
    clock: Clock,
    subject_secret: bytes,
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
    limits = Limits()
    parts = Parts(
        db=db,
        edge=edge,
        connector=connector,
        sealer=sealer,
        sandbox=sandbox,
        clock=clock,
        subject_secret=subject_secret,
    )
    desk = Desk(
        call=inside,
        release=release,
        documents=documents,
        parts=parts,
        budget=Budget(limits),
        serve=call_service,
        key=order.idempotency_key,
        waiting=(release.app_id,),
    )
    try:
        outcome = await sandbox.call(reference(release), order.operation, envelope, host=desk, limits=limits)
    finally:
        await desk.close()
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
