"""Tables of bills, payments and network events, and the only statements that write them."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.models import Model

from shimin.db import IdField, InstantField, MoneyField, Reader, Row, Unit
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.money import Money
from shimin.payments.model import Bill, BillDetails, BillState, EventOutcome, Payment, PaymentState
from shimin.ports.channel import ChannelEvent


class PaymentBill(Model):
    """A department's bill; ``state`` and ``payment_id`` are the claim that lets it be paid once."""

    id = IdField(primary_key=True)
    department_id = IdField()
    reference = IdField()
    source = IdField()
    for_citizen = IdField()
    title = IdField()
    payee = IdField()
    amount_minor = MoneyField()
    currency = IdField()
    due_on = IdField()
    state = IdField()
    payment_id = IdField(null=True)
    read_at = InstantField()

    class Meta:
        """One row per bill of a department."""

        table = "payment_bill"
        app = "shimin"
        unique_together = (("department_id", "reference"),)
        indexes = (("for_citizen", "due_on", "id"),)


class PaymentRow(Model):
    """A payment of a citizen; what it is for is copied from the bill and stays as the citizen saw it."""

    id = IdField(primary_key=True)
    citizen_id = IdField()
    bill_id = IdField(db_index=True)
    department_id = IdField()
    source = IdField()
    bill_reference = IdField()
    subject = IdField()
    payee = IdField()
    amount_minor = MoneyField()
    currency = IdField()
    app_id = IdField(null=True)
    state = IdField()
    channel = IdField(null=True)
    channel_ref = IdField(null=True)
    transfer_id = IdField(null=True)
    receipt_number = IdField(null=True, unique=True)
    trace_id = IdField()
    requested_at = InstantField()
    confirmed_at = InstantField(null=True)
    asked_at = InstantField(null=True)
    chased_at = InstantField(null=True)
    settled_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    reported_at = InstantField(null=True)
    report_problem = IdField(null=True)

    class Meta:
        """Read by citizen, chased by state."""

        table = "payment"
        app = "shimin"
        indexes = (("citizen_id", "requested_at"), ("state", "confirmed_at"))


class PaymentEvent(Model):
    """Something a network told us, verified, and what it did; never changed once it did something."""

    id = IdField(primary_key=True)
    channel = IdField()
    event_id = IdField()
    payment_id = IdField(db_index=True)
    state = IdField()
    amount_minor = MoneyField(null=True)
    currency = IdField(null=True)
    channel_ref = IdField()
    outcome = IdField()
    received_at = InstantField()

    class Meta:
        """One row per event of a network; the primary key joins both."""

        table = "payment_event"
        app = "shimin"


async def upsert_bill(unit: Unit, bill_id: str, bill: BillDetails, at: datetime) -> Bill:
    """Keep the bill as its department states it now; one that is being paid or paid stays as it was."""
    await unit.execute(
        "INSERT INTO payment_bill (id, department_id, reference, source, for_citizen, title, payee, amount_minor,"
        " currency, due_on, state, read_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'OPEN', $11)"
        " ON CONFLICT (department_id, reference) DO UPDATE SET source = excluded.source, title = excluded.title,"
        " payee = excluded.payee, amount_minor = excluded.amount_minor, currency = excluded.currency,"
        " due_on = excluded.due_on, read_at = excluded.read_at WHERE payment_bill.state = 'OPEN'",
        *(bill_id, bill.department_id, bill.reference, bill.source, bill.for_citizen, bill.title, bill.payee),
        *(bill.amount.amount_minor, bill.amount.currency, bill.due_on.isoformat(), at),
    )
    row = await unit.fetch_one(
        "SELECT * FROM payment_bill WHERE department_id = $1 AND reference = $2", bill.department_id, bill.reference
    )
    if row is None:
        message = f"the bill {bill.reference} of {bill.department_id} vanished"
        raise AssertionError(message)
    return _bill(row)


async def find_bill(reader: Reader, bill_id: str) -> Bill | None:
    """Return one bill."""
    row = await reader.fetch_one("SELECT * FROM payment_bill WHERE id = $1", bill_id)
    return _bill(row) if row else None


async def claim_bill(unit: Unit, payment: Payment, state: BillState) -> bool:
    """Take an open bill for this payment, if it still asks for this amount; one payment wins, whoever races."""
    return bool(
        await unit.execute(
            "UPDATE payment_bill SET state = $1, payment_id = $2"
            " WHERE id = $3 AND state = 'OPEN' AND amount_minor = $4 AND currency = $5",
            *(state.value, payment.id, payment.bill_id, payment.amount.amount_minor, payment.amount.currency),
        )
    )


async def end_claim(unit: Unit, payment: Payment, state: BillState) -> None:
    """Turn this payment's claim on its bill into PAID, or give it up (OPEN)."""
    ended = await unit.execute(
        "UPDATE payment_bill SET state = $1, payment_id = $2 WHERE id = $3 AND state = 'PAYING' AND payment_id = $4",
        *(state.value, payment.id if state is BillState.PAID else None, payment.bill_id, payment.id),
    )
    if ended != 1:
        message = f"the confirmed payment {payment.id} does not hold its bill"
        raise AssertionError(message)


async def insert_payment(
    unit: Unit,
    payment_id: str,
    *,
    citizen_id: CitizenId,
    app_id: str | None,
    bill: Bill,
    details: BillDetails,
    trace_id: str,
    at: datetime,
) -> bool:
    """Write a payment as requested; False when its id is taken."""
    return bool(
        await unit.execute(
            "INSERT INTO payment (id, citizen_id, bill_id, department_id, source, bill_reference, subject, payee,"
            " amount_minor, currency, app_id, state, trace_id, requested_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'REQUESTED', $12, $13) ON CONFLICT DO NOTHING",
            *(payment_id, citizen_id, bill.id, bill.department_id, details.source, bill.reference, details.title),
            *(details.payee, details.amount.amount_minor, details.amount.currency, app_id, trace_id, at),
        )
    )


async def find(reader: Reader, payment_id: str) -> Payment | None:
    """Return one payment, whoever's it is."""
    row = await reader.fetch_one("SELECT * FROM payment WHERE id = $1", payment_id)
    return _payment(row) if row else None


async def set_confirmed(
    unit: Unit, payment_id: str, citizen_id: CitizenId, *, channel: str, transfer_id: str, at: datetime
) -> Payment | None:
    """Confirm a requested payment of this citizen; None when it is none."""
    row = await unit.fetch_one(
        "UPDATE payment SET state = 'CONFIRMED', channel = $1, transfer_id = $2, confirmed_at = $3"
        " WHERE id = $4 AND citizen_id = $5 AND state = 'REQUESTED' RETURNING *",
        *(channel, transfer_id, at, payment_id, citizen_id),
    )
    return _payment(row) if row else None


async def set_cancelled(unit: Unit, payment_id: str, citizen_id: CitizenId, at: datetime) -> Payment | None:
    """Cancel a requested payment of this citizen; None when it is none."""
    row = await unit.fetch_one(
        "UPDATE payment SET state = 'CANCELLED', ended_at = $1"
        " WHERE id = $2 AND citizen_id = $3 AND state = 'REQUESTED' RETURNING *",
        *(at, payment_id, citizen_id),
    )
    return _payment(row) if row else None


async def set_settled(
    unit: Unit, payment: Payment, was: PaymentState, *, transfer_id: str, channel_ref: str, receipt: str, at: datetime
) -> Payment | None:
    """Settle a payment that is still in the state it was seen in; None when somebody was faster."""
    row = await unit.fetch_one(
        "UPDATE payment SET state = 'SETTLED', transfer_id = $1, channel_ref = $2, receipt_number = $3,"
        " settled_at = $4, ended_at = $4 WHERE id = $5 AND state = $6 RETURNING *",
        *(transfer_id, channel_ref, receipt, at, payment.id, was.value),
    )
    return _payment(row) if row else None


async def set_failed(unit: Unit, payment_id: str, *, channel_ref: str, at: datetime) -> Payment | None:
    """Fail a confirmed payment; None when it is not confirmed (any more)."""
    row = await unit.fetch_one(
        "UPDATE payment SET state = 'FAILED', channel_ref = $1, ended_at = $2"
        " WHERE id = $3 AND state = 'CONFIRMED' RETURNING *",
        *(channel_ref, at, payment_id),
    )
    return _payment(row) if row else None


async def set_asked(unit: Unit, payment_id: str, at: datetime) -> bool:
    """Note that the network is about to be asked; False when it has been asked before or there is nothing to ask."""
    return bool(
        await unit.execute(
            "UPDATE payment SET asked_at = $1 WHERE id = $2 AND state = 'CONFIRMED' AND asked_at IS NULL",
            *(at, payment_id),
        )
    )


async def set_reported(unit: Unit, payment_id: str, at: datetime, problem: str | None) -> None:
    """Note when the department first knew, and what it had against it, if anything."""
    await unit.execute(
        "UPDATE payment SET reported_at = $1, report_problem = $2"
        " WHERE id = $3 AND state = 'SETTLED' AND reported_at IS NULL",
        *(at, problem, payment_id),
    )


async def overdue(reader: Reader, channel: str, before: datetime, limit: int) -> list[str]:
    """Return the oldest confirmed payments of a network that nobody has asked about since then."""
    rows = await reader.fetch(
        "SELECT id FROM payment WHERE state = 'CONFIRMED' AND channel = $1 AND confirmed_at < $2"
        " AND (chased_at IS NULL OR chased_at < $2) ORDER BY confirmed_at, id LIMIT $3",
        *(channel, before, limit),
    )
    return [row["id"] for row in rows]


async def set_chased(unit: Unit, payment_id: str, before: datetime, at: datetime) -> bool:
    """Take one overdue payment to chase; False when another worker took it."""
    return bool(
        await unit.execute(
            "UPDATE payment SET chased_at = $1 WHERE id = $2 AND state = 'CONFIRMED'"
            " AND (chased_at IS NULL OR chased_at < $3)",
            *(at, payment_id, before),
        )
    )


async def insert_event(unit: Unit, channel: str, event: ChannelEvent, at: datetime) -> bool:
    """Write an event down as not looked at yet; False when it was looked at before.

    An event of a payment that was unknown may be told again: it counts as new each time.
    """
    return bool(
        await unit.execute(
            "INSERT INTO payment_event (id, channel, event_id, payment_id, state, amount_minor, currency, channel_ref,"
            " outcome, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'UNKNOWN_PAYMENT', $9)"
            " ON CONFLICT (id) DO UPDATE SET received_at = excluded.received_at"
            " WHERE payment_event.outcome = 'UNKNOWN_PAYMENT'",
            *(f"{channel}:{event.event_id}", channel, event.event_id, event.payment_id, event.state),
            *((event.amount.amount_minor, event.amount.currency) if event.amount else (None, None)),
            *(event.channel_ref, at),
        )
    )


async def set_outcome(unit: Unit, channel: str, event: ChannelEvent, outcome: EventOutcome) -> None:
    """Write down what the event did."""
    await unit.execute(
        "UPDATE payment_event SET outcome = $1 WHERE id = $2", outcome.value, f"{channel}:{event.event_id}"
    )


async def find_outcome(reader: Reader, channel: str, event: ChannelEvent) -> EventOutcome:
    """Return what an event did that came before."""
    found = await reader.fetch_value("SELECT outcome FROM payment_event WHERE id = $1", f"{channel}:{event.event_id}")
    return EventOutcome(found)


async def payments_after(reader: Reader, after: str, limit: int) -> Sequence[Payment]:
    """Return the next payments in the order of their ids."""
    rows = await reader.fetch("SELECT * FROM payment WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
    return [_payment(row) for row in rows]


async def wrong_claims(reader: Reader, limit: int) -> list[Row]:
    """Return bills whose claim does not fit the payment that holds it, and payments that lack their claim."""
    return await reader.fetch(
        "SELECT b.id AS place FROM payment_bill AS b LEFT JOIN payment AS p ON p.id = b.payment_id AND p.bill_id = b.id"
        " WHERE (b.state = 'OPEN' AND b.payment_id IS NOT NULL)"
        " OR (b.state = 'PAYING' AND (p.id IS NULL OR p.state <> 'CONFIRMED'))"
        " OR (b.state = 'PAID' AND (p.id IS NULL OR p.state <> 'SETTLED'))"
        " UNION SELECT p.id FROM payment AS p LEFT JOIN payment_bill AS b ON b.id = p.bill_id AND b.payment_id = p.id"
        " WHERE p.state IN ('CONFIRMED', 'SETTLED') AND b.id IS NULL"
        " ORDER BY 1 LIMIT $1",
        limit,
    )


def _bill(row: Row) -> Bill:
    return Bill(
        id=row["id"],
        department_id=DepartmentId(row["department_id"]),
        reference=row["reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        state=BillState(row["state"]),
        payment_id=row["payment_id"],
    )


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        citizen_id=CitizenId(row["citizen_id"]),
        bill_id=row["bill_id"],
        department_id=DepartmentId(row["department_id"]),
        source=row["source"],
        bill_reference=row["bill_reference"],
        subject=row["subject"],
        payee=row["payee"],
        amount=Money(row["amount_minor"], row["currency"]),
        app_id=row["app_id"],
        state=PaymentState(row["state"]),
        channel=row["channel"],
        transfer_id=row["transfer_id"],
        receipt_number=row["receipt_number"],
        requested_at=row["requested_at"],
        confirmed_at=row["confirmed_at"],
        settled_at=row["settled_at"],
        ended_at=row["ended_at"],
        reported_at=row["reported_at"],
    )
