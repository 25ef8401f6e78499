"""Putting a message into one citizen's inbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import NotAllowed
from shimin.messages import rows
from shimin.messages.facts import MessageDelivered
from shimin.messages.model import Message, SenderKind, check_values


@dataclass(frozen=True, slots=True)
class SendMessage:
    """One message to send; ``id`` is made by the sender, so that a repeat changes nothing."""

    id: str
    citizen_id: CitizenId
    sender_kind: SenderKind
    sender: str
    template: str
    values: Mapping[str, str]
    payment_id: str | None = None


async def send(call: Call, order: SendMessage, *, unit: Unit, clock: Clock) -> bool:
    """Deliver a message and tell whoever listens; True the first time, False for a repeat.

    Raises:
        NotAllowed: only the platform itself sends so far.
        TemplateUnknown, SlotsMismatch: the message does not fit its template.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    check_values(order.template, order.values)
    message = Message(
        id=order.id,
        citizen_id=order.citizen_id,
        sender_kind=order.sender_kind,
        sender=order.sender,
        template=order.template,
        values=order.values,
        payment_id=order.payment_id,
        sent_at=clock.now(),
        read_at=None,
    )
    first = await rows.insert(unit, message)
    if first:
        await unit.emit(MessageDelivered(message_id=order.id, citizen_id=order.citizen_id))
    return first
