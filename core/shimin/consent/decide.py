"""Writing a decision: shared by granting and refusing, which differ in one word."""

from datetime import datetime

from shimin import audit
from shimin.consent import rows
from shimin.consent.errors import DocumentNotRegistered
from shimin.consent.model import GRANT_LIFE, DocumentTerms, Grant, GrantState, receipt_number
from shimin.db import ConstraintBroken, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId, new_id

TRIES = 5
"""Decisions on one document that may race; the citizen has two thumbs."""


async def asked_for(unit: Unit, *, app_id: str, document_id: str, terms: str | None) -> tuple[str, DocumentTerms]:
    """Return the release and the terms a decision is about.

    Raises:
        DOCUMENT_NOT_REGISTERED: nobody asked for that.
    """
    asked = await rows.find_asked(unit, app_id=app_id, document_id=document_id, terms=terms)
    if asked is None:
        raise DocumentNotRegistered
    return asked


async def write_decision(
    unit: Unit,
    citizen_id: CitizenId,
    *,
    app_id: str,
    asked: tuple[str, DocumentTerms],
    revision: int,
    state: GrantState,
    now: datetime,
) -> Grant | None:
    """Write the decision under a revision; None where another decision took it in the meantime.

    Args:
        revision: taken with ``rows.next_revision`` *before* the standing decisions were read: whoever decided after
            that reading has taken it too, so a decision is never made on what is no longer so.
    """
    release_id, terms = asked
    grant_id = new_id("cns")
    grant = Grant(
        id=grant_id,
        citizen_id=citizen_id,
        app_id=app_id,
        release_id=release_id,
        document_id=terms.document_id,
        document_name=terms.name,
        revision=revision,
        scopes=terms.scopes,
        purpose=terms.purpose,
        retention=terms.retention,
        terms=terms.digest,
        state=state,
        receipt_number=receipt_number(grant_id, now),
        granted_at=now,
        expires_at=now + GRANT_LIFE,
        withdrawn_at=None,
    )
    try:
        async with unit.savepoint():
            await rows.insert_grant(unit, grant)
    except ConstraintBroken as error:
        if error.kind != "unique":
            raise
        return None
    return grant


async def log_decision(call: Call, grant: Grant, action: str, *, unit: Unit, clock: Clock) -> None:
    """Write the decision to the citizen's own log."""
    entry = audit.Entry(
        action=action,
        citizen_id=grant.citizen_id,
        subject=grant.id,
        scopes=grant.scopes,
        purpose=grant.purpose,
        basis="own",
        details={"app_id": grant.app_id, "receipt": grant.receipt_number, "revision": str(grant.revision)},
    )
    await audit.record(call, entry, unit=unit, clock=clock)
