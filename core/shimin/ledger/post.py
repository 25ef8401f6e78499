"""The second step of a transfer: the amount has moved."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.ledger import rows
from shimin.ledger.errors import TransferEnded, TransferUnknown
from shimin.ledger.model import Transfer, TransferState


async def post(call: Call, transfer_id: str, *, unit: Unit, clock: Clock) -> Transfer:  # noqa: ARG001
    """Move the held amount for good: both entries, both balances, once, however often it is asked.

    Raises:
        TransferUnknown: there is no such transfer.
        TransferEnded: it was voided.
    """
    at = clock.now()
    transfer = await rows.end_transfer(unit, transfer_id, TransferState.POSTED, at)
    if transfer is not None:
        await rows.insert_entries(unit, transfer, at)
        return transfer
    return await already(unit, transfer_id, TransferState.POSTED)


async def already(unit: Unit, transfer_id: str, state: TransferState) -> Transfer:
    """Return the transfer if it has come to this end before.

    Raises:
        TransferUnknown, TransferEnded: see ``post``.
    """
    transfer = await rows.find_transfer(unit, transfer_id)
    if transfer is None:
        raise TransferUnknown(transfer_id=transfer_id)
    if transfer.state is not state:
        raise TransferEnded(transfer_id=transfer_id, state=transfer.state.value)
    return transfer
