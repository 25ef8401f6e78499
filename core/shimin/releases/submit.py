"""Handing a checked release to the reviewers."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.model import Release


async def submit(call: Call, release_id: str, *, unit: Unit, clock: Clock) -> Release:
    """Ask for review of a release that passed its check.

    Raises:
        NotSignedIn, NotAllowed: the caller is no developer.
        NotFound: no such release, or another department's.
        InvalidTransition: it is not READY.
    """
    call.need_role("developer", "department_admin")
    found = await rows.find(unit, release_id)
    if found is None or (call.actor.kind == "member" and call.actor.department_id != found[0].department_id):
        raise NotFound
    return await advance(call, release_id, "submit", unit=unit, clock=clock)
