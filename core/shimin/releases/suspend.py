"""Halting a release at once, and lifting the halt."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.model import Release


async def suspend(call: Call, release_id: str, *, unit: Unit, clock: Clock) -> Release:
    """Stop serving a live release everywhere; payments already confirmed still settle.

    Raises:
        NotSignedIn, NotAllowed: the caller is neither reviewer nor releaser.
        NotFound: no such release.
        InvalidTransition: it is not live.
    """
    call.need_role("reviewer", "releaser")
    release = await advance(call, release_id, "suspend", unit=unit, clock=clock)
    await rows.unset_live(unit, release.app_id, release_id)
    return release


async def lift(call: Call, release_id: str, *, unit: Unit, clock: Clock) -> Release:
    """Serve a suspended release again.

    Raises:
        NotSignedIn, NotAllowed: the caller is no releaser.
        NotFound: no such release.
        InvalidTransition: it is not suspended.
    """
    call.need_role("releaser")
    release = await advance(call, release_id, "lift", unit=unit, clock=clock)
    replaced = await rows.set_live(unit, release.app_id, release_id, clock.now())
    if replaced:
        await advance(call, replaced, "supersede", unit=unit, clock=clock)
    return release
