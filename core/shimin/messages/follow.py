"""Hearing of new messages while they arrive."""

from collections.abc import AsyncIterator

from shimin.kit.call import Call
from shimin.kit.ids import CitizenId
from shimin.ports.pubsub import PubSub


def topic(citizen_id: CitizenId) -> str:
    """Return the hint topic of an inbox."""
    return f"inbox:{citizen_id}"


async def announce(citizen_id: CitizenId, message_id: str, *, pubsub: PubSub) -> None:
    """Tell every open app of a citizen that a message lies in the inbox (reaction to message.delivered)."""
    await pubsub.publish(topic(citizen_id), message_id.encode())


async def follow(call: Call, *, pubsub: PubSub) -> AsyncIterator[str]:
    """Yield the ids of messages as they arrive, until the caller leaves; what arrived before is in the inbox.

    Raises:
        NotSignedIn, NotAllowed: the caller is no citizen in person.
    """
    citizen_id = call.need_self()
    async with pubsub.listen(topic(citizen_id)) as hints:
        async for hint in hints:
            yield hint.decode()
