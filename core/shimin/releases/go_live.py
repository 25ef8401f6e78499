"""Serving an approved release to citizens."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.model import Release


async def go_live(call: Call, release_id: str, *, unit: Unit, clock: Clock) -> Release:
    """Serve an approved release; the one it takes the place of is superseded in the same transaction.

    Raises:
        NotSignedIn, NotAllowed: the caller is no releaser.
        NotFound: no such release.
        InvalidTransition: it is not approved.
    """
    call.need_role("releaser")
    release = await advance(call, release_id, "release", unit=unit, clock=clock)
    replaced = await rows.set_live(unit, release.app_id, release_id, clock.now())
    if replaced:
        await advance(call, replaced, "supersede", unit=unit, clock=clock)
    return release
