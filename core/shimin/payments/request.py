"""Asking for a payment: the first step, which moves nothing."""

from dataclasses import dataclass

from shimin.db import Reader, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import check_id, new_id
from shimin.kit.refusal import IdempotencyConflict, NotAllowed
from shimin.payments import rows
from shimin.payments.errors import BillAlreadyPaid, BillNotPayable
from shimin.payments.model import BillDetails, BillState, Payment


@dataclass(frozen=True, slots=True)
class RequestPayment:
    """A payment to prepare; ``id`` (``pay_…``) is made by the client and names this payment for ever."""

    id: str
    bill: BillDetails


async def requested_before(
    call: Call, payment_id: str, *, source: str, bill_reference: str, reader: Reader
) -> Payment | None:
    """Return the payment an earlier request of the same content made, so that the bill need not be read again.

    Raises:
        IdempotencyConflict: the id stands for something else, or for somebody else's payment.
        InvalidId: it is no payment id.
        NotSignedIn, NotAllowed: nobody's bill can be paid here.
    """
    citizen_id = call.need_citizen()
    if call.actor.kind not in {"citizen", "miniapp"}:
        raise NotAllowed
    check_id(payment_id, "pay")
    found = await rows.find(reader, payment_id)
    if found is None:
        return None
    same = (citizen_id, call.actor.app_id, source, bill_reference)
    if same != (found.citizen_id, found.app_id, found.source, found.bill_reference):
        raise IdempotencyConflict
    return found


async def request(call: Call, order: RequestPayment, *, unit: Unit, clock: Clock) -> Payment:
    """Prepare a payment of a bill, by the citizen or by a mini-app on their behalf; the same again changes nothing.

    Raises:
        BillAlreadyPaid, BillNotPayable: there is nothing to pay.
        IdempotencyConflict: the id stands for something else.
        InvalidId, InvalidMoney, InvalidInput: the order is no payment of a bill.
        NotSignedIn, NotAllowed: nobody's bill can be paid here, or a mini-app asks for another department's.
    """
    bill = order.bill
    naming = {"source": bill.source, "bill_reference": bill.reference}
    earlier = await requested_before(call, order.id, **naming, reader=unit)
    if earlier:
        return earlier
    bill.check()
    if call.actor.kind == "miniapp" and call.actor.department_id != bill.department_id:
        raise NotAllowed
    at = clock.now()
    kept = await rows.upsert_bill(unit, new_id("bil"), bill, at)
    if kept.state is BillState.PAID or bill.state == "PAID":
        raise BillAlreadyPaid(reference=bill.reference)
    if bill.state == "VOID":
        raise BillNotPayable(reference=bill.reference)
    await rows.insert_payment(
        unit,
        order.id,
        citizen_id=call.need_citizen(),
        app_id=call.actor.app_id,
        bill=kept,
        details=bill,
        trace_id=call.trace_id,
        at=at,
    )
    payment = await requested_before(call, order.id, **naming, reader=unit)
    if payment is None:
        message = f"the payment {order.id} vanished"
        raise AssertionError(message)
    return payment
