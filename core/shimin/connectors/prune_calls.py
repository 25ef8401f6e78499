"""Forgetting what was asked of origins long ago."""

from datetime import timedelta

from shimin.connectors import rows
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed

KEPT = timedelta(days=90)
"""How long a request is kept for review."""


async def prune_calls(call: Call, *, unit: Unit, clock: Clock) -> int:
    """Forget requests that are older than ``KEPT``; return how many.

    Raises:
        NotAllowed: only the platform itself does this.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    return await rows.delete_calls(unit, clock.now() - KEPT)
