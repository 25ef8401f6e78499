"""The citizen's no."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.payments import rows
from shimin.payments.errors import PaymentEnded
from shimin.payments.model import Payment, PaymentState


async def cancel(call: Call, payment_id: str, *, unit: Unit, clock: Clock) -> Payment:
    """Cancel a payment that was not confirmed; the same again changes nothing.

    Raises:
        NotSignedIn, NotAllowed: it is not the citizen who calls.
        NotFound: no such payment of this citizen.
        PaymentEnded: it was confirmed, which cannot be taken back.
    """
    citizen_id = call.need_self()
    cancelled = await rows.set_cancelled(unit, payment_id, citizen_id, clock.now())
    payment = cancelled or await rows.find(unit, payment_id)
    if payment is None or payment.citizen_id != citizen_id:
        raise NotFound
    if payment.state is not PaymentState.CANCELLED:
        raise PaymentEnded(state=payment.state.value)
    return payment
