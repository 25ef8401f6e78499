"""A bill, a citizen's payment of it, and what a network's event did: values and states."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.money import Money
from shimin.kit.refusal import InvalidInput, InvalidMoney
from shimin.ports.channel import ChannelEvent

TEXT_CHARS_MAX = 200
CHANNEL_DEFAULT = "emulator"


class BillState(StrEnum):
    """OPEN until a confirmed payment claims it; PAYING belongs to that payment alone; PAID is final."""

    OPEN = "OPEN"
    PAYING = "PAYING"
    PAID = "PAID"


class PaymentState(StrEnum):
    """Where a payment stands."""

    REQUESTED = "REQUESTED"
    CONFIRMED = "CONFIRMED"
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class EventOutcome(StrEnum):
    """What a network's event did here; written down with the event."""

    APPLIED = "APPLIED"
    NOTHING_NEW = "NOTHING_NEW"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    UNKNOWN_PAYMENT = "UNKNOWN_PAYMENT"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    SURPLUS = "SURPLUS"
    """Money arrived for a payment that had failed, and the bill has been paid by another: it waits in suspense."""


@dataclass(frozen=True, slots=True)
class BillDetails:
    """A bill as its department states it; the edge has read it from the department a moment ago."""

    source: str
    """The registered source that will be told when it is paid."""
    department_id: DepartmentId
    reference: str
    title: str
    payee: str
    amount: Money
    due_on: date
    for_citizen: CitizenId
    """Whose bill it is."""
    state: Literal["DUE", "PAID", "VOID"] = "DUE"
    """As the department says."""

    def check(self) -> None:
        """Go on only if this is a bill that can be kept.

        Raises:
            InvalidMoney: the amount is not positive.
            InvalidInput: a text is empty or longer than ``TEXT_CHARS_MAX``.
        """
        if self.amount.amount_minor <= 0:
            raise InvalidMoney(reason="not positive")
        for field in ("source", "department_id", "reference", "title", "payee"):
            if not 0 < len(getattr(self, field)) <= TEXT_CHARS_MAX:
                raise InvalidInput(field=field, reason=f"1 to {TEXT_CHARS_MAX} characters")


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it is kept here: what is asked for, and which payment has claimed it."""

    id: str
    department_id: DepartmentId
    reference: str
    amount: Money
    state: BillState
    payment_id: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One citizen's payment of one bill."""

    id: str
    citizen_id: CitizenId
    bill_id: str
    department_id: DepartmentId
    source: str
    bill_reference: str
    subject: str
    payee: str
    amount: Money
    app_id: str | None
    state: PaymentState
    channel: str | None
    transfer_id: str | None
    receipt_number: str | None
    requested_at: datetime
    confirmed_at: datetime | None
    settled_at: datetime | None
    ended_at: datetime | None
    reported_at: datetime | None


Step = Literal["settle", "settle_late", "fail"]
_STEPS: dict[tuple[str, PaymentState], Step | EventOutcome] = {
    ("settled", PaymentState.CONFIRMED): "settle",
    ("settled", PaymentState.FAILED): "settle_late",
    ("failed", PaymentState.CONFIRMED): "fail",
    ("settled", PaymentState.REQUESTED): EventOutcome.NOT_CONFIRMED,
    ("settled", PaymentState.CANCELLED): EventOutcome.NOT_CONFIRMED,
    ("failed", PaymentState.REQUESTED): EventOutcome.NOT_CONFIRMED,
    ("failed", PaymentState.CANCELLED): EventOutcome.NOT_CONFIRMED,
}


def next_step(payment: Payment | None, event: ChannelEvent, channel: str) -> Step | EventOutcome:
    """Return what an event of a network asks to be done, or what it comes to when nothing is to be done."""
    if payment is None or payment.channel not in {None, channel}:
        return EventOutcome.UNKNOWN_PAYMENT
    step = _STEPS.get((event.state, payment.state), EventOutcome.NOTHING_NEW)
    if step in {"settle", "settle_late"} and event.amount != payment.amount:
        return EventOutcome.AMOUNT_MISMATCH
    return step


def receipt_number(payment_id: str, settled_at: datetime) -> str:
    """Return the number a citizen quotes: the day (UTC) and 80 bits made from the payment's id; the same every time.

    The id itself is chosen by the client, who could make two of them end alike; their digests do not.
    """
    digest = base64.b32encode(hashlib.sha256(payment_id.encode()).digest()[:10]).decode()
    return f"{settled_at:%Y%m%d}-{digest}"
