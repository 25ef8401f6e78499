"""Keeping what was asked of origins, for review."""

from collections.abc import Sequence

from shimin.connectors import rows
from shimin.connectors.model import CallRecord
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotAllowed


async def record_calls(call: Call, records: Sequence[CallRecord], *, unit: Unit) -> None:
    """Write down the requests of one guest call, in one statement.

    Args:
        call: by the mini-app release that made them.

    Raises:
        NotAllowed: by anybody else.
    """
    actor = call.actor
    if actor.app_id is None or actor.release_id is None or actor.department_id is None:
        raise NotAllowed
    await rows.insert_calls(
        unit,
        records,
        app_id=actor.app_id,
        release_id=actor.release_id,
        department_id=DepartmentId(actor.department_id),
        trace_id=call.trace_id,
    )
