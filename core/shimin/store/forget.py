"""Ending what a mini-app keeps for a citizen."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.store import rows


async def forget(call: Call, app_id: str, *, unit: Unit) -> int:
    """Forget everything that a mini-app keeps for the caller; return how many values that were.

    Raises:
        NotSignedIn, NotAllowed: the caller is no citizen in person.

    Source: PIPL article 47 (erasure).
    """
    return await rows.delete_all(unit, call.need_self(), app_id)
