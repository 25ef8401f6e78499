"""Facts of payments, made from the payment they are about."""

from typing import Any

from shimin.db import Unit
from shimin.payments.facts import PaymentFact
from shimin.payments.model import Payment


async def tell(unit: Unit, fact: type[PaymentFact], payment: Payment, **more: Any) -> None:
    """Emit a fact about the payment in the unit that made it true."""
    await unit.emit(
        fact(
            payment_id=payment.id,
            citizen_id=payment.citizen_id,
            department_id=payment.department_id,
            app_id=payment.app_id,
            subject=payment.subject,
            payee=payment.payee,
            amount_minor=payment.amount.amount_minor,
            currency=payment.amount.currency,
            **more,
        )
    )
