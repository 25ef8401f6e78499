"""Opening a message."""

from shimin.db import Unit, read_one
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.messages import rows
from shimin.messages.facts import MessageRead
from shimin.messages.model import Message
from shimin.messages.views import INBOX, message_of


async def mark_read(call: Call, message_id: str, *, unit: Unit, clock: Clock) -> Message:
    """Mark one of the caller's messages as read; a repeat changes nothing.

    Raises:
        NotSignedIn, NotAllowed: the caller is no citizen in person.
        NotFound: no such message in the caller's inbox.
    """
    citizen_id = call.need_self()
    if await rows.set_read(unit, citizen_id, message_id, clock.now()):
        await unit.emit(MessageRead(message_id=message_id, citizen_id=citizen_id))
    row = await read_one(unit, INBOX, call, message_id)
    if row is None:
        raise NotFound
    return message_of(row)
