"""The other end of a transfer: the amount stays where it was."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.ledger import rows
from shimin.ledger.model import Transfer, TransferState
from shimin.ledger.post import already


async def void(call: Call, transfer_id: str, *, unit: Unit, clock: Clock) -> Transfer:  # noqa: ARG001
    """Give the held amount back, once, however often it is asked.

    Raises:
        TransferUnknown: there is no such transfer.
        TransferEnded: it was posted.
    """
    transfer = await rows.end_transfer(unit, transfer_id, TransferState.VOIDED, clock.now())
    if transfer is not None:
        await rows.release(unit, transfer)
        return transfer
    return await already(unit, transfer_id, TransferState.VOIDED)
