"""Delete what identity needs no more."""

from datetime import timedelta

from shimin.db import Unit
from shimin.identity import session_rows
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed

REVOKED_SESSIONS_KEPT = timedelta(days=180)


async def prune(call: Call, *, unit: Unit, clock: Clock) -> int:
    """Delete expired codes, refresh tokens and sessions, and those revoked long ago; return how many rows. A daily job.

    Raises:
        NotAllowed: the caller is not the platform itself.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    now = clock.now()
    return await session_rows.prune(unit, now=now, revoked_before=now - REVOKED_SESSIONS_KEPT)
