"""What may be read of payments: each citizen their own, a mini-app those it asked for on the citizen's behalf."""

from shimin.db import Column, OwnRows, Page, Reader, Row, View, read_page
from shimin.kit.call import Call

_COLUMNS = {
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
}

PAYMENTS = View(
    name="payment",
    table="payment",
    columns=_COLUMNS,
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
    sort={"newest": (("requested_at", "desc"),)},
)
"""A citizen's own payments, for the citizen in person."""
APP_PAYMENTS = View(
    name="app_payment",
    table="payment",
    columns=_COLUMNS,
    key=("id",),
    visible=OwnRows("citizen_id"),
    sort={"newest": (("requested_at", "desc"),)},
)
"""The same rows for a mini-app; only ever read together with its own ``app_id``, as the functions below do."""


async def payments_page(call: Call, *, reader: Reader, first: int = 20, after: str | None = None) -> Page:
    """Return the caller's payments, newest first.

    Raises:
        InvalidCursor, PageTooLarge: see each.
    """
    if call.actor.kind == "miniapp":
        own = {"app_id": call.actor.app_id or ""}
        return await read_page(reader, APP_PAYMENTS, call, order="newest", where=own, first=first, after=after)
    return await read_page(reader, PAYMENTS, call, order="newest", first=first, after=after)


async def find_payment(call: Call, payment_id: str, *, reader: Reader) -> Row | None:
    """Return one payment the caller may see, else None."""
    own = {"app_id": call.actor.app_id or ""} if call.actor.kind == "miniapp" else {}
    view = APP_PAYMENTS if call.actor.kind == "miniapp" else PAYMENTS
    page = await read_page(reader, view, call, order="newest", where={"id": payment_id, **own}, first=1)
    return page.rows[0] if page.rows else None
