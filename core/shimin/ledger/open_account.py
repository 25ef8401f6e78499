"""Opening an account."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.money import Money
from shimin.ledger import rows
from shimin.ledger.model import Account, OpenAccount


async def open_account(call: Call, order: OpenAccount, *, unit: Unit, clock: Clock) -> Account:  # noqa: ARG001
    """Return the account, opened now if it was not open; opening twice changes nothing.

    Raises:
        InvalidMoney: the currency is unknown.
    """
    Money(0, order.currency)
    await rows.insert_account(unit, order, clock.now())
    account = await rows.find_account(unit, order.id)
    if account is None:
        message = f"the account {order.id} vanished"
        raise AssertionError(message)
    return account
