"""The first step of a transfer: the amount is set aside."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import IdempotencyConflict, Refusal
from shimin.ledger import rows
from shimin.ledger.errors import AccountUnknown, CurrencyMismatch, InsufficientFunds
from shimin.ledger.model import HoldTransfer, Transfer


async def hold(call: Call, order: HoldTransfer, *, unit: Unit, clock: Clock) -> Transfer:
    """Begin a transfer; the same order again is answered with the same transfer, whatever became of it since.

    Raises:
        IdempotencyConflict: the id or the key stands for another transfer.
        AccountUnknown, CurrencyMismatch, InsufficientFunds: it cannot be held; the unit must not commit.
        InvalidMoney, InvalidInput: it can be no transfer at all.
    """
    order.check()
    first = await rows.insert_transfer(unit, order, trace_id=call.trace_id, at=clock.now())
    if first and not await rows.reserve(unit, order):
        raise await _why_not(unit, order)
    transfer = await rows.find_same(unit, order)
    if transfer is None or not order.is_content_of(transfer):
        raise IdempotencyConflict
    return transfer


async def _why_not(unit: Unit, order: HoldTransfer) -> Refusal:
    """Find the reason for which nothing was reserved."""
    for account_id in (order.from_account, order.to_account):
        account = await rows.find_account(unit, account_id)
        if account is None:
            return AccountUnknown(account_id=account_id)
        if account.currency != order.amount.currency:
            return CurrencyMismatch(currency=order.amount.currency)
    return InsufficientFunds(account_id=order.from_account)
