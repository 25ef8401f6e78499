"""Taking it back."""

from dataclasses import replace

from shimin.consent import rows
from shimin.consent.decide import log_decision
from shimin.consent.facts import ConsentWithdrawn
from shimin.consent.model import Grant, GrantState
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound


async def withdraw(call: Call, grant_id: str, *, unit: Unit, clock: Clock) -> Grant:
    """End a grant: no read under it after this unit's commit. Withdrawing again changes nothing.

    Args:
        call: by the citizen in person.

    Raises:
        NOT_SIGNED_IN, NOT_ALLOWED: the caller is no citizen in person.
        NOT_FOUND: the citizen has no such grant (another citizen's neither).

    Source: PIPL article 15 (withdrawal must be as easy as consent).
    """
    citizen_id = call.need_self()
    grant = await rows.find_grant(unit, citizen_id, grant_id)
    if grant is None or grant.state is GrantState.REFUSED:
        raise NotFound
    return await take_back(call, grant, unit=unit, clock=clock)


async def take_back(call: Call, grant: Grant, *, unit: Unit, clock: Clock) -> Grant:
    """Withdraw a grant that is in force, with its log entry and fact; one that is not stays as it is."""
    now = clock.now()
    if not await rows.mark_withdrawn(unit, grant.citizen_id, grant.id, now):
        return grant
    ended = replace(grant, state=GrantState.WITHDRAWN, withdrawn_at=now)
    await log_decision(call, ended, "consent.withdrawn", unit=unit, clock=clock)
    await unit.emit(
        ConsentWithdrawn(
            citizen_id=grant.citizen_id, grant_id=grant.id, app_id=grant.app_id, document_id=grant.document_id
        )
    )
    return ended
