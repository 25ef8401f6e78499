"""Ending an office, with its line in the log."""

from shimin import audit, identity
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.people.model import dismissed


async def dismiss(call: Call, staff_id: str, *, unit: Unit, clock: Clock) -> bool:
    """End an office and every session held in it, at once; True where it was held, False for a repeat.

    Raises:
        Refusal: what ``identity.dismiss`` refuses.
    """
    ended = await identity.dismiss(call, staff_id, unit=unit, clock=clock)
    if ended:
        await audit.record(call, dismissed(staff_id), unit=unit, clock=clock)
    return ended
