"""Saying no, once."""

from shimin.consent import rows
from shimin.consent.decide import TRIES, asked_for, log_decision, write_decision
from shimin.consent.grant import Decide
from shimin.consent.model import Grant, GrantState, covering, was_refused
from shimin.consent.withdraw import take_back
from shimin.db import DatabaseBusy, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock


async def refuse(call: Call, order: Decide, *, unit: Unit, clock: Clock) -> Grant:
    """Remember that the citizen does not want this, so that nobody asks again; a grant of the same is withdrawn.

    Args:
        call: by the citizen in person.

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
        allowed = covering(standing, terms, clock.now())
        if allowed:
            await take_back(call, allowed, unit=unit, clock=clock)
        elif was_refused(standing, terms):
            return next(item for item in standing if item.terms == terms.digest and item.state is GrantState.REFUSED)
        made = await write_decision(
            unit,
            citizen_id,
            app_id=order.app_id,
            asked=asked,
            revision=revision,
            state=GrantState.REFUSED,
            now=clock.now(),
        )
        if made:
            await rows.supersede(unit, made, (GrantState.REFUSED,))
            await log_decision(call, made, "consent.refused", unit=unit, clock=clock)
            return made
    raise DatabaseBusy
