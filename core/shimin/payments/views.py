"""What may be read of payments: each citizen their own, a mini-app those it asked for on the citizen's behalf."""

from shimin.db import Column, OwnRows, Row, View
from shimin.payments.model import Payment

PAYMENTS = View(
    name="payment",
    table="payment",
    columns={
        "id": Column("id", "id", "personal"),
        "citizen_id": Column("citizen_id", "id", "personal"),
        "app_id": Column("app_id", "id", "personal", nullable=True),
        "state": Column("state", "text", "personal"),
        "amount_minor": Column("amount_minor", "money", "personal"),
        "currency": Column("currency", "text", "public"),
        "subject": Column("subject", "text", "personal"),
        "bill_reference": Column("bill_reference", "text", "personal"),
        "payee": Column("payee", "text", "public"),
        "requested_at": Column("requested_at", "instant", "personal"),
        "confirmed_at": Column("confirmed_at", "instant", "personal", nullable=True),
        "settled_at": Column("settled_at", "instant", "personal", nullable=True),
        "receipt_number": Column("receipt_number", "text", "personal", nullable=True),
    },
    key=("id",),
    visible=OwnRows("citizen_id", app_sql="app_id"),
    sort={"newest": (("requested_at", "desc"),)},
)
"""A citizen's own payments; a mini-app acting for them sees those it asked for itself."""
BILLS = View(
    name="bill",
    table="payment_bill",
    columns={
        "id": Column("id", "id", "personal"),
        "department_id": Column("department_id", "id", "public"),
        "reference": Column("reference", "text", "personal"),
        "title": Column("title", "text", "personal"),
        "payee": Column("payee", "text", "public"),
        "amount_minor": Column("amount_minor", "money", "personal"),
        "currency": Column("currency", "text", "public"),
        "due_on": Column("due_on", "date", "personal"),
        "state": Column("state", "text", "personal"),
    },
    key=("id",),
    visible=OwnRows("for_citizen", in_person=True),
    sort={"due": (("due_on", "asc"),)},
)
"""The bills of departments that are kept here, for the citizen they are addressed to."""


def row_of(payment: Payment) -> Row:
    """Return the row of ``PAYMENTS`` that a payment is."""
    return {
        "id": payment.id,
        "citizen_id": payment.citizen_id,
        "app_id": payment.app_id,
        "state": payment.state.value,
        "amount_minor": payment.amount.amount_minor,
        "currency": payment.amount.currency,
        "subject": payment.subject,
        "bill_reference": payment.bill_reference,
        "payee": payment.payee,
        "requested_at": payment.requested_at,
        "confirmed_at": payment.confirmed_at,
        "settled_at": payment.settled_at,
        "receipt_number": payment.receipt_number,
    }
