"""What a network says became of a payment, taken in once, however often and in whatever order it is said."""

from dataclasses import dataclass

import structlog

from shimin import ledger
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.payments import rows
from shimin.payments.confirm import hold
from shimin.payments.emit import tell
from shimin.payments.facts import PaymentFailed, PaymentSettled, PaymentSurplus
from shimin.payments.model import BillState, EventOutcome, Payment, PaymentState, next_step, receipt_number
from shimin.ports.channel import ChannelEvent

log = structlog.get_logger("shimin.payments")
TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an event did, and the payment as it is now; ``first`` is False for an event that came before."""

    outcome: EventOutcome
    payment: Payment | None
    first: bool


async def settle(call: Call, event: ChannelEvent, *, channel: str, unit: Unit, clock: Clock) -> Settlement:
    """Apply a verified event of a network, exactly once.

    The money's arrival outweighs everything said before it: *settled* after *failed* settles the payment, *failed*
    after *settled* changes nothing, so the result does not depend on the order in which events arrive.

    ``event`` is as the channel's port verified it; ``channel`` is the network's name, whose event ids and payments
    are its own.

    Returns:
        What it did. ``AMOUNT_MISMATCH`` and ``UNKNOWN_PAYMENT`` changed nothing and are written down.
    """
    if not await rows.insert_event(unit, channel, event, clock.now()):
        outcome = await rows.find_outcome(unit, channel, event)
        return Settlement(outcome, await rows.find(unit, event.payment_id), first=False)
    for _ in range(TRIES_MAX):
        payment = await rows.find(unit, event.payment_id)
        applied = await _apply(call, event, channel, payment, unit=unit, clock=clock)
        if applied is not None:
            outcome = applied
            break
    else:
        message = f"the payment {event.payment_id} does not hold still"
        raise AssertionError(message)
    await rows.set_outcome(unit, channel, event, outcome)
    if outcome not in {EventOutcome.APPLIED, EventOutcome.NOTHING_NEW}:
        log.warning(
            "payments.event_not_applied",
            outcome=outcome.value,
            channel=channel,
            event_id=event.event_id,
            payment_id=event.payment_id,
            trace_id=call.trace_id,
        )
    return Settlement(outcome, await rows.find(unit, event.payment_id), first=True)


async def _apply(
    call: Call, event: ChannelEvent, channel: str, payment: Payment | None, *, unit: Unit, clock: Clock
) -> EventOutcome | None:
    """Do what the event asks of a payment in its present state; None when the state changed meanwhile."""
    step = next_step(payment, event, channel)
    if payment is None or isinstance(step, EventOutcome):
        return step if isinstance(step, EventOutcome) else EventOutcome.UNKNOWN_PAYMENT
    act = {"settle": _settle, "settle_late": _settle_late, "fail": _fail}[step]
    return await act(call, event, payment, unit=unit, clock=clock)


async def _settle(
    call: Call, event: ChannelEvent, payment: Payment, *, unit: Unit, clock: Clock
) -> EventOutcome | None:
    """The ordinary end: post what was held, pay the bill."""
    transfer_id = payment.transfer_id or ""
    if not await _set_settled(event, payment, transfer_id, unit=unit, clock=clock):
        return None
    await rows.end_claim(unit, payment, BillState.PAID)
    await ledger.post(call, transfer_id, unit=unit, clock=clock)
    return EventOutcome.APPLIED


async def _settle_late(
    call: Call, event: ChannelEvent, payment: Payment, *, unit: Unit, clock: Clock
) -> EventOutcome | None:
    """Money for a payment taken for failed: it pays the bill if that is still open, else it waits in suspense."""
    transfer_id = f"trf_late_{payment.id.removeprefix('pay_')}"
    if await rows.claim_bill(unit, payment, BillState.PAID):
        if not await _set_settled(event, payment, transfer_id, unit=unit, clock=clock):
            message = f"the payment {payment.id} left FAILED without its bill"
            raise AssertionError(message)
        await hold(call, payment, transfer_id, f"payment:{payment.id}:late", unit=unit, clock=clock)
        await ledger.post(call, transfer_id, unit=unit, clock=clock)
        return EventOutcome.APPLIED
    now = await rows.find(unit, payment.id)
    if now is None or now.state is not PaymentState.FAILED:
        return None
    clearing = ledger.OpenAccount("channel", payment.channel or "", "clearing", payment.amount.currency)
    suspense = ledger.OpenAccount("platform", "shimin", "suspense", payment.amount.currency)
    await ledger.open_account(call, suspense, unit=unit, clock=clock)
    order = ledger.HoldTransfer(
        id=f"trf_surplus_{payment.id.removeprefix('pay_')}",
        idempotency_key=f"payment:{payment.id}:surplus",
        from_account=clearing.id,
        to_account=suspense.id,
        amount=payment.amount,
        purpose="surplus",
    )
    transfer = await ledger.hold(call, order, unit=unit, clock=clock)
    if transfer.state is ledger.TransferState.POSTED:
        return EventOutcome.NOTHING_NEW
    await ledger.post(call, transfer.id, unit=unit, clock=clock)
    await tell(unit, PaymentSurplus, payment)
    return EventOutcome.SURPLUS


async def _set_settled(event: ChannelEvent, payment: Payment, transfer_id: str, *, unit: Unit, clock: Clock) -> bool:
    at = clock.now()
    receipt = receipt_number(payment.id, at)
    settled = await rows.set_settled(
        unit,
        payment,
        payment.state,
        transfer_id=transfer_id,
        channel_ref=event.channel_ref,
        receipt=receipt,
        at=at,
    )
    if settled:
        await tell(unit, PaymentSettled, settled, receipt_number=receipt, settled_at=at.isoformat())
    return settled is not None


async def _fail(call: Call, event: ChannelEvent, payment: Payment, *, unit: Unit, clock: Clock) -> EventOutcome | None:
    """Nothing was collected: give back what was held and open the bill."""
    failed = await rows.set_failed(unit, payment.id, channel_ref=event.channel_ref, at=clock.now())
    if failed is None:
        return None
    await rows.end_claim(unit, payment, BillState.OPEN)
    await ledger.void(call, payment.transfer_id or "", unit=unit, clock=clock)
    await tell(unit, PaymentFailed, failed)
    return EventOutcome.APPLIED
