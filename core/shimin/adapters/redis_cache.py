"""The cache shared between processes, on Redis; a failing server is a miss and limits fall back to this node's own."""

import math
import time
from collections.abc import Awaitable
from typing import Self, TypeVar, cast

import structlog
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shimin.adapters.memory_cache import MemoryCache, check_size

TIMEOUT_S = 0.25
"""Longest wait for Redis; a slower answer is treated as none."""
REST_S = 1.0
"""After a failure Redis is left alone this long, so that a dead one does not slow every request."""
PREFIX = "shimin:cache:"
_COUNT = """
local n = redis.call('INCRBY', KEYS[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n
"""
Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


class RedisCache:
    """Fulfils the cache port on Redis; never raises for a server that is down, slow or restarting."""

    def __init__(self, client: aioredis.Redis) -> None:
        """Use a client whose time limits are set; ``open`` makes one from an address."""
        self._client = client
        self._own = MemoryCache()
        self._rest_until_s = 0.0
        self._count = client.register_script(_COUNT)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return a cache on the server at ``redis://…``; connects on first use."""
        return cls(
            aioredis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 1),
                max_connections=100,
            )
        )

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None."""
        return cast("bytes | None", await self._ask(self._client.get(PREFIX + key)))

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value for ``ttl_s`` seconds.

        Raises:
            ValueError: it is larger than ``VALUE_BYTES_MAX``.
        """
        check_size(value)
        if ttl_s <= 0:
            await self.drop(key)
            return
        await self._ask(self._client.set(PREFIX + key, value, px=max(1, math.ceil(ttl_s * 1000))))

    async def drop(self, key: str) -> None:
        """Forget the value."""
        await self._ask(self._client.delete(PREFIX + key))

    async def count(self, key: str, *, window_s: float, by: int = 1) -> int:
        """Add to the key's counter; this node counts along, so losing Redis never forgets what it saw."""
        own = await self._own.count(key, window_s=window_s, by=by)
        window_ms = max(1, math.ceil(window_s * 1000))
        shared = await self._ask(self._count(keys=[f"{PREFIX}count:{key}"], args=[window_ms, by]))
        return own if shared is None else int(cast("int", shared))

    async def close(self) -> None:
        """Release the connections."""
        await self._own.close()
        await self._client.aclose()

    async def _ask(self, question: Awaitable[Answer]) -> Answer | None:
        """Await Redis, or answer None while it rests after a failure."""
        if time.monotonic() < self._rest_until_s:
            close = getattr(question, "close", None)
            if close is not None:
                close()
            return None
        try:
            return await question
        except (RedisError, OSError, TimeoutError) as error:
            self._rest_until_s = time.monotonic() + REST_S
            log.warning("redis_cache_unavailable", error=type(error).__name__)
            return None
