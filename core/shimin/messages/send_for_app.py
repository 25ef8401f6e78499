"""A mini-app putting a message into the inbox of the citizen it acts for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shimin.db import Unit
from shimin.kit.call import Call, system_call
from shimin.kit.clock import Clock
from shimin.kit.refusal import IdempotencyConflict, InvalidInput, NotAllowed
from shimin.messages import rows
from shimin.messages.errors import MessageNotDeclared, MessagesExceeded
from shimin.messages.model import APP_NOTE, SenderKind
from shimin.messages.send import SendMessage, send

MESSAGES_PER_DAY_MAX = 20
"""As many messages a mini-app sends one citizen in 24 hours."""
ID_CHARS_MAX = 100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SendForApp:
    """What a mini-app sends: a template of its release and what fills the places; ``id`` makes a repeat harmless."""

    id: str
    template: str
    params: Mapping[str, Any]


async def send_for_app(call: Call, order: SendForApp, *, unit: Unit, clock: Clock) -> str:
    """Deliver a message to the citizen at hand in the release's own words; return the message's id.

    The id in the inbox is made from the mini-app, the citizen and the order's id, so that no mini-app can take the
    place of a message that is not its own.

    Raises:
        NotSignedIn, NotAllowed: the caller is no mini-app that acts for a citizen.
        InvalidInput: no id.
        MessageNotDeclared: the release has no such template.
        SlotsMismatch: the values do not fit it.
        IdempotencyConflict: the id came before with other words.
        MessagesExceeded: ``MESSAGES_PER_DAY_MAX`` were sent today.
    """
    citizen_id, app_id, release_id = call.need_citizen(), call.actor.app_id, call.actor.release_id
    if call.actor.kind != "miniapp" or app_id is None or release_id is None:
        raise NotAllowed
    if not 0 < len(order.id) <= ID_CHARS_MAX:
        raise InvalidInput(field="id", reason=f"1 to {ID_CHARS_MAX} characters")
    template = await rows.find_template(unit, release_id, order.template[:ID_CHARS_MAX])
    if template is None:
        raise MessageNotDeclared(template=order.template[:ID_CHARS_MAX])
    values = template.note(order.params)
    digest = hashlib.sha256(f"{app_id}\n{citizen_id}\n{order.id}".encode("utf-8", "replace")).hexdigest()
    message = SendMessage(
        id=f"msg_{digest[:32]}",
        citizen_id=citizen_id,
        sender_kind=SenderKind.MINI_APP,
        sender=app_id,
        template=APP_NOTE,
        values=values,
    )
    first = await send(system_call(on_behalf_of=citizen_id), message, unit=unit, clock=clock)
    if not first and await rows.find_values(unit, citizen_id, message.id) != values:
        raise IdempotencyConflict
    since = clock.now() - _DAY
    if first and await rows.count_sent(unit, citizen_id, app_id, since) > MESSAGES_PER_DAY_MAX:
        raise MessagesExceeded(messages_max=MESSAGES_PER_DAY_MAX)  # the unit ends without what it has just written
    return message.id
