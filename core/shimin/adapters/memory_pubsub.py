"""Hints between the tasks of one process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shimin.ports.pubsub import PAYLOAD_BYTES_MAX

BACKLOG_MAX = 1000
"""Payloads kept for a listener that is behind; then the oldest are dropped."""


class MemoryPubSub:
    """Fulfils the pub/sub port within one process."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._listeners: dict[str, set[_Listener]] = {}
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
        for listener in self._listeners.get(topic, ()):
            listener.push(payload)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Receive the topic's payloads until the block is left or ``close`` is called."""
        listener = _Listener(ended=self._closed)
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            listeners = self._listeners.get(topic)
            if listeners is not None:
                listeners.discard(listener)
                if not listeners:
                    del self._listeners[topic]

    @property
    def topics(self) -> frozenset[str]:
        """The topics somebody listens to now."""
        return frozenset(self._listeners)

    async def close(self) -> None:
        """End every listener."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()


def check_payload(payload: bytes) -> None:
    """Refuse a payload beyond the port's limit, the same way in every adapter.

    Raises:
        ValueError: it is larger than ``PAYLOAD_BYTES_MAX``.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        message = f"a payload has {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} are taken"
        raise ValueError(message)


class _Listener:
    """What one listener has not taken yet; there are thousands and nearly all are idle, so an idle one holds no queue.

    A wait for the next payload may be cancelled and taken up again (a generator would end).
    """

    __slots__ = ("_backlog", "_ended", "_waiting")

    def __init__(self, *, ended: bool) -> None:
        self._backlog: deque[bytes] | None = None
        self._ended = ended
        self._waiting: asyncio.Future[None] | None = None

    def push(self, payload: bytes) -> None:
        """Add to the backlog; of one that is full the oldest is dropped."""
        if self._backlog is None:
            self._backlog = deque(maxlen=BACKLOG_MAX)
        self._backlog.append(payload)
        self._wake()

    def end(self) -> None:
        """Let the backlog be the last of it."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._backlog:
            if self._ended:
                raise StopAsyncIteration
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        payload = self._backlog.popleft()
        if not self._backlog:
            self._backlog = None
        return payload
