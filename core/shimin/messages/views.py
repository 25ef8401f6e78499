"""What may be read of messages: each citizen their own inbox, in person; no mini-app sees it."""

from shimin.db import Column, OwnRows, Row, Said, View
from shimin.kit.ids import CitizenId
from shimin.messages.model import TEMPLATES, Message, SenderKind

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


def row_of(message: Message) -> Row:
    """Return the row of ``INBOX`` that a message is."""
    return {
        "id": message.id,
        "citizen_id": message.citizen_id,
        "sender_kind": message.sender_kind.value,
        "sender": message.sender,
        "template": message.template,
        "slot_values": message.values,
        "payment_id": message.payment_id,
        "sent_at": message.sent_at,
        "read_at": message.read_at,
    }


TITLE = Said("template", "slot_values", tuple((name, item.title_code) for name, item in TEMPLATES.items()))
"""A message's title in the reader's language."""
BODY = Said("template", "slot_values", tuple((name, item.body_code) for name, item in TEMPLATES.items()))
"""A message's body in the reader's language."""
