"""Saying yes."""

from dataclasses import dataclass

from shimin.consent import rows
from shimin.consent.decide import TRIES, asked_for, log_decision, write_decision
from shimin.consent.facts import ConsentGranted
from shimin.consent.model import Grant, GrantState, covering
from shimin.db import DatabaseBusy, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Decide:
    """What a citizen decides about: one document of one app."""

    app_id: str
    document_id: str
    terms: str | None = None
    """The ``terms`` of the sheet that was shown; the newest registered ones where it is left out."""


async def grant(call: Call, order: Decide, *, unit: Unit, clock: Clock) -> Grant:
    """Allow an app to read what the document reads, for a year or until withdrawn; again gives the same grant.

    Args:
        call: by the citizen in person; a mini-app can never consent for them.

    Raises:
        NOT_SIGNED_IN, NOT_ALLOWED: the caller is no citizen in person.
        DOCUMENT_NOT_REGISTERED: the app never asked for that.
    """
    citizen_id = call.need_self()
    asked = await asked_for(unit, app_id=order.app_id, document_id=order.document_id, terms=order.terms)
    terms = asked[1]
    for _ in range(TRIES):
        revision = await rows.next_revision(unit, citizen_id, app_id=order.app_id, document_name=terms.name)
        standing = await rows.decisions(unit, citizen_id, app_id=order.app_id, document_name=terms.name)
        existing = covering(standing, terms, clock.now())
        if existing:
            return existing
        made = await write_decision(
            unit,
            citizen_id,
            app_id=order.app_id,
            asked=asked,
            revision=revision,
            state=GrantState.GRANTED,
            now=clock.now(),
        )
        if made:
            await rows.supersede(unit, made, (GrantState.GRANTED, GrantState.REFUSED))
            await log_decision(call, made, "consent.granted", unit=unit, clock=clock)
            await unit.emit(
                ConsentGranted(
                    citizen_id=citizen_id, grant_id=made.id, app_id=made.app_id, document_id=made.document_id
                )
            )
            return made
    raise DatabaseBusy
