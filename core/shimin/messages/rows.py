"""The inbox table and every statement that writes it."""

from collections.abc import Mapping
from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from shimin.db import DocumentField, IdField, InstantField, Reader, Unit, dump_document
from shimin.kit.ids import CitizenId
from shimin.messages.app_templates import AppTemplate
from shimin.messages.model import Message


class MessageRow(Model):
    """One message of one citizen.

    ``row_key`` is ``<citizen_id>:<id>``: the primary key leads with the distribution key, which the ORM can only
    say in one column.
    """

    row_key = IdField(primary_key=True)
    citizen_id = IdField()
    id = IdField(unique=True)
    sender_kind = IdField()
    sender = IdField()
    template = fields.TextField()
    slot_values = DocumentField()
    payment_id = IdField(null=True)
    sent_at = InstantField()
    read_at = InstantField(null=True)

    class Meta:
        """Distributed by citizen."""

        table = "message"
        app = "shimin"
        indexes = (("citizen_id", "id"),)  # and, written in migration 0005, one of those that are unread


class MessageTemplateRow(Model):
    """One message template of one release; ``row_key`` is ``<release_id>:<name>``."""

    row_key = IdField(primary_key=True)
    release_id = IdField()
    name = IdField()
    title = DocumentField()
    body = DocumentField()

    class Meta:
        """Read by release and name."""

        table = "message_template"
        app = "shimin"


async def insert_template(unit: Unit, release_id: str, template: AppTemplate) -> None:
    """Keep a template; a release never changes, so what is there stays."""
    await unit.execute(
        "INSERT INTO message_template (row_key, release_id, name, title, body) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        *(f"{release_id}:{template.name}", release_id, template.name),
        *(dump_document(dict(template.title)), dump_document(dict(template.body))),
    )


async def find_template(reader: Reader, release_id: str, name: str) -> AppTemplate | None:
    """Return a release's template."""
    row = await MessageTemplateRow.get_or_none(row_key=f"{release_id}:{name}", using_db=reader.orm)
    return AppTemplate(row.name, row.title, row.body) if row else None


async def find_values(reader: Reader, citizen_id: CitizenId, message_id: str) -> Mapping[str, str] | None:
    """Return the values of a message that was sent before."""
    row = await MessageRow.get_or_none(row_key=f"{citizen_id}:{message_id}", using_db=reader.orm)
    return dict(row.slot_values) if row else None


async def count_sent(reader: Reader, citizen_id: CitizenId, sender: str, since: datetime) -> int:
    """Return how many messages a sender put into one inbox since then."""
    found: int = await reader.fetch_value(
        "SELECT count(*) FROM message WHERE citizen_id = $1 AND sender = $2 AND sent_at > $3", citizen_id, sender, since
    )
    return found


async def insert(unit: Unit, message: Message) -> bool:
    """Put a message into its inbox; a repeat of the same id changes nothing and returns False."""
    return bool(
        await unit.execute(
            "INSERT INTO message"
            " (row_key, citizen_id, id, sender_kind, sender, template, slot_values, payment_id, sent_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            f"{message.citizen_id}:{message.id}",
            message.citizen_id,
            message.id,
            message.sender_kind.value,
            message.sender,
            message.template,
            dump_document(dict(message.values)),
            message.payment_id,
            message.sent_at,
        )
    )


async def set_read(unit: Unit, citizen_id: CitizenId, message_id: str, at: datetime) -> bool:
    """Mark a message read for the first time; tell whether this was the first."""
    return bool(
        await unit.execute(
            "UPDATE message SET read_at = $1 WHERE citizen_id = $2 AND id = $3 AND read_at IS NULL",
            at,
            citizen_id,
            message_id,
        )
    )
