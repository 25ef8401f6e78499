"""Hints between the tasks of one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shimin.ports.pubsub import PAYLOAD_BYTES_MAX

BACKLOG_MAX = 1000
"""Payloads kept for a listener that is behind; then the oldest are dropped."""


class MemoryPubSub:
    """Fulfils the pub/sub port within one process."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._listeners: dict[str, set[asyncio.Queue[bytes | None]]] = {}
        self._closed = False

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand the payload to the topic's present listeners.

        Raises:
            ValueError: it is larger than ``PAYLOAD_BYTES_MAX``.
        """
        check_payload(payload)
        self.deliver(topic, payload)

    def deliver(self, topic: str, payload: bytes) -> None:
        """Put the payload into each listener's backlog; never waits."""
        for queue in self._listeners.get(topic, ()):
            _push(queue, payload)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Receive the topic's payloads until the block is left or ``close`` is called."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(BACKLOG_MAX)
        if self._closed:
            queue.put_nowait(None)
        self._listeners.setdefault(topic, set()).add(queue)
        try:
            yield _Payloads(queue)
        finally:
            listeners = self._listeners.get(topic)
            if listeners is not None:
                listeners.discard(queue)
                if not listeners:
                    del self._listeners[topic]

    @property
    def topics(self) -> frozenset[str]:
        """The topics somebody listens to now."""
        return frozenset(self._listeners)

    async def close(self) -> None:
        """End every listener."""
        self._closed = True
        for queues in self._listeners.values():
            for queue in queues:
                _push(queue, None)


def check_payload(payload: bytes) -> None:
    """Refuse a payload beyond the port's limit, the same way in every adapter.

    Raises:
        ValueError: it is larger than ``PAYLOAD_BYTES_MAX``.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        message = f"a payload has {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} are taken"
        raise ValueError(message)


def _push(queue: asyncio.Queue[bytes | None], payload: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(payload)


class _Payloads:
    """A listener's payloads; a wait for the next one may be cancelled and taken up again (a generator would end)."""

    def __init__(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queue = queue

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        payload = await self._queue.get()
        if payload is None:
            _push(self._queue, None)  # whoever asks again is told again
            raise StopAsyncIteration
        return payload
