"""The one way to personal data in a source: a reason first, a log entry before the value."""

from dataclasses import dataclass, replace

from shimin import audit, consent, identity
from shimin.db import Database, Reader
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import NotAllowed, Refusal
from shimin.ports.source import Source, SourceAnswer, SourceQuestion
from shimin.vault.model import ASSURANCE_NEEDED, SourceRead, let_through, words

_AGAINST = (NotAllowed, identity.AssuranceTooLow, consent.ConsentRequired, consent.ConsentDenied)
"""What may have changed while the source was asked."""


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a read is allowed, how far, and whose id number it goes by."""

    basis: str
    purpose: dict[str, str]
    scopes: tuple[str, ...]
    id_number: str


async def read(call: Call, ask: SourceRead, *, db: Database, source: Source, clock: Clock) -> SourceAnswer:
    """Return the calling citizen's record from a source, cut down to what the reason covers.

    The source is asked outside any unit. Then one unit checks the reason *again* (a consent withdrawn meanwhile
    stops the read) and writes the entry of the access log; only after its commit is the value returned. A denied
    read and one the source did not answer are logged too.

    Args:
        call: by the citizen in person, or by a mini-app for them under one of its documents.

    Raises:
        NOT_SIGNED_IN, NOT_ALLOWED: no citizen's affairs, or a caller with no reason to read.
        ASSURANCE_TOO_LOW: the citizen's real name is not confirmed.
        CONSENT_REQUIRED, CONSENT_DENIED: a mini-app without the citizen's consent.
        SOURCE_UNAVAILABLE: the source gave no usable answer in time.
        ACCESS_NOT_LOGGED: the log could not be written; nothing was read.
    """
    citizen_id = call.need_citizen()
    try:
        async with db.reader() as reader:
            reason = await _reason(call, citizen_id, ask, reader=reader, clock=clock)
    except Refusal as refusal:
        await _log(call, ask, citizen_id, refusal=refusal, outcome="denied", db=db, clock=clock)
        raise
    question = SourceQuestion(
        source=ask.source,
        operation=ask.operation,
        inputs={**ask.inputs, "id_number": reason.id_number},
        trace_id=call.trace_id,
    )
    try:
        answer = await source.ask(question)
    except Refusal as refusal:
        await _log(call, ask, citizen_id, refusal=refusal, outcome="failed", db=db, clock=clock)
        raise
    try:
        async with db.unit() as unit:
            reason = await _reason(call, citizen_id, ask, reader=unit, clock=clock)
            entry = audit.Entry(
                action="personal.read",
                citizen_id=citizen_id,
                scopes=reason.scopes,
                purpose=reason.purpose,
                basis=reason.basis,
                source=f"{ask.source}/{ask.operation}",
                freshness="cached" if answer.cached else "live",
            )
            await audit.record(call, entry, unit=unit, clock=clock)
    except _AGAINST as refusal:
        await _log(call, ask, citizen_id, refusal=refusal, outcome="denied", db=db, clock=clock)
        raise
    return replace(answer, data=let_through(answer.data, ask, reason.scopes))


async def _reason(call: Call, citizen_id: CitizenId, ask: SourceRead, *, reader: Reader, clock: Clock) -> _Reason:
    """Return why this read is allowed.

    Raises:
        Refusal: it is not.
    """
    if call.actor.kind not in {"citizen", "miniapp"}:
        raise NotAllowed
    basis, purpose, scopes = "own", words("purpose.own"), ask.scopes
    if ask.basis:
        if call.actor.kind == "miniapp" and call.actor.department_id != ask.department_id:
            raise NotAllowed
        basis, purpose = f"law:{ask.basis.article}", words(ask.basis.purpose_code)
    elif call.actor.kind == "miniapp":
        if call.document_id is None:
            raise NotAllowed
        permit = await consent.need(call, call.document_id, reader=reader, clock=clock)
        basis, purpose = f"consent:{permit.grant_id}", dict(permit.purpose)
        scopes = tuple(scope for scope in ask.scopes if scope in permit.scopes)
        if not scopes:
            raise NotAllowed
    identity.need_assurance(call, ASSURANCE_NEEDED)
    person = await identity.find_person(reader, citizen_id)
    if person is None:
        raise identity.AssuranceTooLow(needed=ASSURANCE_NEEDED, step="confirm_real_name")
    return _Reason(basis=basis, purpose=purpose, scopes=scopes, id_number=person.id_number)


async def _log(
    call: Call,
    ask: SourceRead,
    citizen_id: CitizenId,
    *,
    refusal: Refusal,
    outcome: audit.Outcome,
    db: Database,
    clock: Clock,
) -> None:
    """Write down a read that did not happen, in a unit of its own."""
    entry = audit.Entry(
        action="personal.read",
        citizen_id=citizen_id,
        outcome=outcome,
        scopes=ask.scopes,
        basis=f"law:{ask.basis.article}" if ask.basis else "",
        source=f"{ask.source}/{ask.operation}",
        details={"refusal": refusal.code},
    )
    async with db.unit() as unit:
        await audit.record(call, entry, unit=unit, clock=clock)
