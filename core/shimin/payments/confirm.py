"""The citizen's yes: from here on the platform owes an outcome."""

from dataclasses import dataclass

from shimin import ledger
from shimin.db import Unit
from shimin.identity import need_assurance
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.payments import rows
from shimin.payments.emit import tell
from shimin.payments.errors import BillAlreadyPaid, BillBeingPaid, BillChanged, PaymentEnded
from shimin.payments.facts import PaymentConfirmed
from shimin.payments.model import CHANNEL_DEFAULT, BillState, Payment, PaymentState

ASSURANCE_NEEDED = 2
"""A bill belongs to a real name, and so does the yes to pay it."""


@dataclass(frozen=True, slots=True)
class ConfirmPayment:
    """A payment to make, over one payment network."""

    id: str
    channel: str = CHANNEL_DEFAULT


async def confirm(call: Call, order: ConfirmPayment, *, unit: Unit, clock: Clock) -> Payment:
    """Confirm a payment: claim its bill, hold the amount and have the network asked; the same again changes nothing.

    Only the citizen in person confirms, never a mini-app for them.

    Raises:
        NotSignedIn, NotAllowed: it is not a citizen who calls.
        NotFound: no such payment of this citizen.
        AssuranceTooLow: their real name is not confirmed.
        PaymentEnded: it was cancelled or has failed.
        BillAlreadyPaid, BillBeingPaid, BillChanged: the bill cannot be claimed. The unit must not commit.
    """
    citizen_id = call.need_self()
    seen = await rows.find(unit, order.id)
    if seen is None or seen.citizen_id != citizen_id:
        raise NotFound
    need_assurance(call, ASSURANCE_NEEDED)
    payment = await rows.set_confirmed(
        unit,
        order.id,
        citizen_id,
        channel=order.channel,
        transfer_id=f"trf_{order.id.removeprefix('pay_')}",
        at=clock.now(),
    )
    if payment is None:
        return await _confirmed_before(order.id, unit)
    if not await rows.claim_bill(unit, payment, BillState.PAYING):
        raise await _why_not(payment, unit)
    await hold(call, payment, f"trf_{order.id.removeprefix('pay_')}", f"payment:{payment.id}", unit=unit, clock=clock)
    await tell(unit, PaymentConfirmed, payment)
    return payment


async def hold(call: Call, payment: Payment, transfer_id: str, key: str, *, unit: Unit, clock: Clock) -> None:
    """Hold the payment's amount from the world outside to its department."""
    if payment.channel is None:
        message = f"the payment {payment.id} has no channel"
        raise AssertionError(message)
    clearing = ledger.OpenAccount("channel", payment.channel, "clearing", payment.amount.currency)
    payee = ledger.OpenAccount("department", payment.department_id, "payee", payment.amount.currency)
    for account in (clearing, payee):
        await ledger.open_account(call, account, unit=unit, clock=clock)
    order = ledger.HoldTransfer(
        id=transfer_id,
        idempotency_key=key,
        from_account=clearing.id,
        to_account=payee.id,
        amount=payment.amount,
        purpose="payment",
    )
    await ledger.hold(call, order, unit=unit, clock=clock)


async def _confirmed_before(payment_id: str, unit: Unit) -> Payment:
    """Return the payment if it was confirmed before."""
    payment = await rows.find(unit, payment_id)
    if payment is None:
        raise NotFound
    if payment.state not in {PaymentState.CONFIRMED, PaymentState.SETTLED}:
        raise PaymentEnded(state=payment.state.value)
    return payment


async def _why_not(payment: Payment, unit: Unit) -> BillAlreadyPaid | BillBeingPaid | BillChanged:
    """Find the reason for which the bill was not claimed."""
    bill = await rows.find_bill(unit, payment.bill_id)
    if bill and bill.state is BillState.PAID:
        return BillAlreadyPaid(reference=payment.bill_reference)
    if bill and bill.state is BillState.PAYING:
        return BillBeingPaid(reference=payment.bill_reference)
    return BillChanged(reference=payment.bill_reference)
