"""What happened, as ``@app.on`` handlers are told: at least once, in order for each payment.

The core's own names and meanings; a fact wakes a handler without the citizen, so it asks for nothing on the screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shimin_sdk.money import Money


@dataclass(frozen=True)
class PaymentSettled:
    """The money is there. Only this says that something is paid; a page's word for it does not."""

    payment_id: str
    subject: str
    amount: Money
    receipt_number: str
    settled_at: datetime


@dataclass(frozen=True)
class PaymentFailed:
    """The money could not be collected; what was to be paid is open again."""

    payment_id: str
    subject: str
    amount: Money


@dataclass(frozen=True)
class PaymentRefunded:
    """The money went back to the citizen."""

    payment_id: str
    subject: str
    amount: Money


FACTS: Mapping[str, type] = {
    "payment.settled": PaymentSettled,
    "payment.failed": PaymentFailed,
    "payment.refunded": PaymentRefunded,
}
"""What can be listened for, and what the handler is given."""
