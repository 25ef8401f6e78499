"""Hints between processes, on Redis; while it is down they still reach the listeners of the same process."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import structlog
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from shimin.adapters.memory_pubsub import MemoryPubSub, check_payload

TIMEOUT_S = 0.5
"""Longest wait for Redis to take a payload or to confirm a subscription."""
PREFIX = "shimin:hint:"
RETRY_S_MAX = 1.0
SILENCE_S = 5.0
"""A connection that said nothing this long is pinged; after twice that it counts as lost."""
log = structlog.get_logger(__name__)


class RedisPubSub:
    """Fulfils the pub/sub port on Redis with one subscribing connection per process, reconnected by itself."""

    def __init__(self, client: aioredis.Redis) -> None:
        """Use a client whose time limits are set; ``open`` makes one from an address."""
        self._client = client
        self._local = MemoryPubSub()
        self._reader: asyncio.Task[None] | None = None
        self._subscription: Any = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._listeners: dict[str, int] = {}
        self._changed = asyncio.Event()

    @classmethod
    def open(cls, url: str) -> Self:
        """Return hints on the server at ``redis://…``; connects on first use."""
        return cls(
            aioredis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 1),
                max_connections=100,
            )
        )

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send to the topic's listeners everywhere; to those of this process alone while Redis is down.

        Raises:
            ValueError: the payload is larger than ``PAYLOAD_BYTES_MAX``.
        """
        check_payload(payload)
        try:
            await self._client.publish(PREFIX + topic, payload)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("redis_pubsub_unavailable", error=type(error).__name__)
            self._local.deliver(topic, payload)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Receive the topic's payloads until the block is left."""
        async with self._local.listen(topic) as payloads:
            self._listeners[topic] = self._listeners.get(topic, 0) + 1
            confirmed = self._confirmed.setdefault(topic, asyncio.Event())
            self._start_reader()
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(confirmed.wait(), TIMEOUT_S)
                yield payloads
            finally:
                self._listeners[topic] -= 1
                if not self._listeners[topic]:
                    del self._listeners[topic]
                    self._changed.set()

    async def close(self) -> None:
        """End every listener and release the connections."""
        await self._local.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._client.aclose()

    def _start_reader(self) -> None:
        """Have the one reader running, and tell it that topics changed."""
        self._changed.set()
        if self._reader is None or self._reader.done():
            self._reader = asyncio.get_running_loop().create_task(self._read_forever(), name="redis-pubsub")

    async def _read_forever(self) -> None:
        """Keep a subscribed connection; after a failure wait a little longer each time, then subscribe again."""
        wait_s = 0.05
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await self._serve(subscription)
                wait_s = 0.05
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("redis_pubsub_lost", error=type(error).__name__)
                if any(event.is_set() for event in self._confirmed.values()):
                    wait_s = 0.05
                for event in self._confirmed.values():
                    event.clear()
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - spreads reconnects, hides nothing
                wait_s = min(wait_s * 2, RETRY_S_MAX)

    async def _serve(self, subscription: Any) -> None:
        """Follow the wanted topics and deliver what arrives; ends when nobody listens any more."""
        subscribed: set[str] = set()
        silences = 0
        reading: asyncio.Task[Any] | None = None
        changing: asyncio.Task[Any] | None = None
        try:
            while True:
                self._changed.clear()
                wanted = set(self._listeners)
                if not wanted:
                    if reading is None:
                        await self._changed.wait()
                        continue
                    self._confirmed.clear()
                    return
                for topic in subscribed - wanted:
                    self._confirmed.pop(topic, None)  # first: who comes now waits for a new confirmation
                    await subscription.unsubscribe(PREFIX + topic)
                if fresh := wanted - subscribed:
                    await subscription.subscribe(*(PREFIX + topic for topic in fresh))
                subscribed = wanted
                reading = reading or asyncio.ensure_future(subscription.get_message(timeout=SILENCE_S))
                changing = changing or asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({reading, changing}, return_when=asyncio.FIRST_COMPLETED)
                if changing.done():
                    changing = None
                if reading.done():
                    message, reading = reading.result(), None
                    silences = 0 if message else silences + 1
                    if silences > 1:
                        raise RedisConnectionError
                    if silences:
                        await subscription.ping()
                    self._take(message)
        finally:
            open_tasks = [task for task in (reading, changing) if task is not None]
            for task in open_tasks:
                task.cancel()
            # Not awaited one by one: a cancellation of this reader must not be taken for theirs.
            await asyncio.gather(*open_tasks, return_exceptions=True)

    def _take(self, message: dict[str, Any] | None) -> None:
        """Deliver a payload, or note that a subscription is in force."""
        if message is None or message["type"] not in {"message", "subscribe"}:
            return
        topic = message["channel"].decode().removeprefix(PREFIX)
        if message["type"] == "message":
            self._local.deliver(topic, message["data"])
        elif topic in self._listeners:
            self._confirmed.setdefault(topic, asyncio.Event()).set()
