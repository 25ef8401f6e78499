"""The inbox: reading it, and hearing of new messages while the app is open."""

from collections.abc import AsyncIterator
from datetime import datetime

import strawberry

from shimin import departments, messages
from shimin.db import read_one
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Context, Info
from shimin_graphql.types.access import CITIZEN, HOLDER, object_type
from shimin_graphql.types.base import mutation, subscription
from shimin_graphql.types.departments import Department
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import counted, link, pages, rows, show, value, viewpoint

strawberry.enum(messages.SenderKind, description="Who may send a message.")


@rows(messages.INBOX)
@object_type(allow=HOLDER, description="One message in the caller's inbox, in the caller's language.")
class Message(Node):
    """A message on the wire."""

    sender_kind: messages.SenderKind
    sender: str
    department: Department | None = link(
        Department,
        departments.DEPARTMENTS,
        column="sender",
        key="id",
        description="The department that sent it; null where the platform or a mini-app did.",
    )
    template: str
    title: str = value(messages.TITLE)
    body: str = value(messages.BODY)
    payment_id: strawberry.ID | None
    sent_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, message: messages.Message, context: Context) -> "Message":
        """Show a message of the core in the caller's language."""
        shown: Message = show(cls, messages.row_of(message), viewpoint(context))
        return shown


@strawberry.input
class MarkMessageReadInput:
    """Names a message."""

    id: strawberry.ID


@strawberry.type
class MessagesQuery:
    """Reading the inbox."""

    inbox = pages(
        Message,
        messages.INBOX,
        order="newest",
        allow=CITIZEN,
        description="The caller's messages, newest first; at most 100 a page.",
    )
    unread_count = counted(
        messages.INBOX,
        where={"read_at": None},
        allow=CITIZEN,
        description="How many messages of the caller have not been opened.",
    )


@strawberry.type
class MessagesMutation:
    """Acting on messages."""

    @mutation(allow=CITIZEN, refuses=[NotFound])
    async def mark_message_read(self, info: Info, input: MarkMessageReadInput) -> Message:  # noqa: A002
        """Mark one of the caller's messages as read; a repeat changes nothing."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            message = await messages.mark_read(info.context.call, input.id, unit=unit, clock=platform.clock)
        return Message.of(message, info.context)


@strawberry.type
class MessagesSubscription:
    """Hearing of messages."""

    @subscription(allow=CITIZEN)
    async def message_arrived(self, info: Info) -> AsyncIterator[Message]:
        """Each message as it arrives in the caller's inbox; what arrived before is in ``inbox``."""
        call, platform = info.context.call, info.context.platform
        async for message_id in messages.follow(call, pubsub=platform.pubsub):
            async with platform.db.reader() as reader:
                row = await read_one(reader, messages.INBOX, call, message_id)
            if row is not None:
                yield show(Message, row, viewpoint(info.context))
