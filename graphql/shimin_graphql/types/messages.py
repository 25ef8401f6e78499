"""The inbox: reading it, and hearing of new messages while the app is open."""

from collections.abc import AsyncIterator
from datetime import datetime

import strawberry

from shimin import messages
from shimin.db import read_one, read_page
from shimin.kit.call import Call
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Info
from shimin_graphql.types.base import CITIZEN, Connection, field, mutation, subscription

strawberry.enum(messages.SenderKind, description="Who may send a message.")


@strawberry.type(description="One message in the caller's inbox, in the caller's language.")
class Message:
    """A message on the wire."""

    id: strawberry.ID
    sender_kind: messages.SenderKind
    sender: str
    template: str
    title: str
    body: str
    payment_id: strawberry.ID | None
    sent_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, message: messages.Message, call: Call) -> "Message":
        """Show a message of the core in the caller's language."""
        return cls(
            id=strawberry.ID(message.id),
            sender_kind=message.sender_kind,
            sender=message.sender,
            template=message.template,
            title=message.title(call.locale),
            body=message.body(call.locale),
            payment_id=strawberry.ID(message.payment_id) if message.payment_id else None,
            sent_at=message.sent_at,
            read_at=message.read_at,
        )


@strawberry.input
class MarkMessageReadInput:
    """Names a message."""

    id: strawberry.ID


@strawberry.type
class MessagesQuery:
    """Reading the inbox."""

    @field(allow=CITIZEN)
    async def inbox(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Message]:
        """The caller's messages, newest first; at most 100 a page."""
        call = info.context.call
        async with info.context.platform.db.reader() as reader:
            page = await read_page(reader, messages.INBOX, call, order="newest", first=first, after=after)
        nodes = [Message.of(messages.message_of(row), call) for row in page.rows]
        return Connection[Message].of(zip(page.cursors, nodes, strict=True), has_next=page.has_next)


@strawberry.type
class MessagesMutation:
    """Acting on messages."""

    @mutation(allow=CITIZEN, refuses=[NotFound])
    async def mark_message_read(self, info: Info, input: MarkMessageReadInput) -> Message:  # noqa: A002
        """Mark one of the caller's messages as read; a repeat changes nothing."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            message = await messages.mark_read(info.context.call, input.id, unit=unit, clock=platform.clock)
        return Message.of(message, info.context.call)


@strawberry.type
class MessagesSubscription:
    """Hearing of messages."""

    @subscription(allow=CITIZEN)
    async def message_arrived(self, info: Info) -> AsyncIterator[Message]:
        """Each message as it arrives in the caller's inbox; what arrived before is in ``inbox``."""
        call, platform = info.context.call, info.context.platform
        CITIZEN.check(call)
        async for message_id in messages.follow(call, pubsub=platform.pubsub):
            async with platform.db.reader() as reader:
                row = await read_one(reader, messages.INBOX, call, message_id)
            if row is not None:
                yield Message.of(messages.message_of(row), call)
