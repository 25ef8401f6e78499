"""Hints between processes: fast, lossy by nature, never the only copy of anything."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

PAYLOAD_BYTES_MAX = 64 * 1024


class PubSub(Protocol):
    """Deliver a short payload to whoever listens to a topic now.

    Contract: a listener gets every payload published after its ``listen`` block was entered, in the order
    published by one publisher, unless it falls more than 1,000 behind (then the oldest are dropped) or the
    connection to the server broke. Who needs certainty reads the database when woken.
    """

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send to the topic's present listeners; returns when handed over. At most ``PAYLOAD_BYTES_MAX``."""
        ...

    def listen(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Receive the topic's payloads until the block is left."""
        ...

    async def close(self) -> None:
        """End every listener and release the connection."""
        ...
