"""What may be read of messages: each citizen their own inbox, in person; no mini-app sees it."""

from shimin.db import Column, OwnRows, Row, View
from shimin.kit.ids import CitizenId
from shimin.messages.model import Message, SenderKind

INBOX = View(
    name="message",
    table="message",
    columns={
        "id": Column("id", "id", "public"),
        "citizen_id": Column("citizen_id", "id", "personal"),
        "sender_kind": Column("sender_kind", "text", "personal"),
        "sender": Column("sender", "text", "personal"),
        "template": Column("template", "text", "personal"),
        "slot_values": Column("slot_values", "document", "personal"),
        "payment_id": Column("payment_id", "id", "personal", nullable=True),
        "sent_at": Column("sent_at", "instant", "personal"),
        "read_at": Column("read_at", "instant", "personal", nullable=True),
    },
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
    sort={"newest": (("id", "desc"),)},
)


def message_of(row: Row) -> Message:
    """Return the message that a row of ``INBOX`` is."""
    return Message(
        id=row["id"],
        citizen_id=CitizenId(row["citizen_id"]),
        sender_kind=SenderKind(row["sender_kind"]),
        sender=row["sender"],
        template=row["template"],
        values=row["slot_values"],
        payment_id=row["payment_id"],
        sent_at=row["sent_at"],
        read_at=row["read_at"],
    )
