"""What happens to payments."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class PaymentFact(Fact):
    """Something happened to a payment; facts of one payment come in order."""

    payment_id: str
    citizen_id: str
    department_id: str
    app_id: str | None
    subject: str
    payee: str
    amount_minor: int
    currency: str

    @property
    def key(self) -> str:
        """One payment in order."""
        return self.payment_id


@dataclass(frozen=True, kw_only=True)
class PaymentConfirmed(PaymentFact):
    """The citizen said yes: the amount is held and the network is to be asked for it."""

    name: ClassVar[str] = "payment.confirmed"


@dataclass(frozen=True, kw_only=True)
class PaymentSettled(PaymentFact):
    """The money is there, the bill is paid."""

    name: ClassVar[str] = "payment.settled"
    receipt_number: str
    settled_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(PaymentFact):
    """The network could not collect; the bill is open again."""

    name: ClassVar[str] = "payment.failed"


@dataclass(frozen=True, kw_only=True)
class PaymentSurplus(PaymentFact):
    """Money arrived for a payment that had failed and whose bill was paid otherwise: it is owed back."""

    name: ClassVar[str] = "payment.surplus"
