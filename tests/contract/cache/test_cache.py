"""The cache port: the same promises in one process and on a real Redis, and a dead Redis is only a miss."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import fakeredis
import pytest

from shimin.adapters.memory_cache import MemoryCache
from shimin.adapters.redis_cache import RedisCache
from shimin.ports.cache import VALUE_BYTES_MAX, Cache

ADAPTERS = ("memory", "redis", "redis in memory")
DEAD = "redis://127.0.0.1:1/0"
"""Nothing listens on port 1."""


@pytest.fixture(params=ADAPTERS)
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: Cache
    if request.param == "memory":
        made = MemoryCache()
    elif request.param == "redis":
        made = RedisCache.open(request.getfixturevalue("redis_url"))
    else:
        made = RedisCache(fakeredis.FakeAsyncRedis())
    yield made
    await made.close()


async def test_a_value_comes_back_as_it_was_put(cache: Cache) -> None:
    for value in (b"", b"x", bytes(range(256)), b"x" * VALUE_BYTES_MAX):
        await cache.put("key", value, ttl_s=60)
        assert await cache.get("key") == value


async def test_keys_are_kept_apart(cache: Cache) -> None:
    await cache.put("a", b"1", ttl_s=60)
    await cache.put("a:b", b"2", ttl_s=60)
    await cache.put("钥匙", b"3", ttl_s=60)
    await cache.count("a", window_s=60)
    assert [await cache.get(key) for key in ("a", "a:b", "钥匙", "b")] == [b"1", b"2", b"3", None]


async def test_a_value_is_gone_after_its_time(cache: Cache) -> None:
    await cache.put("key", b"x", ttl_s=0.1)
    await cache.put("never", b"x", ttl_s=0)
    assert await cache.get("never") is None
    assert await cache.get("key") == b"x"
    await asyncio.sleep(0.2)
    assert await cache.get("key") is None


async def test_putting_nothing_for_no_time_forgets_what_was_there(cache: Cache) -> None:
    await cache.put("key", b"x", ttl_s=60)
    await cache.put("key", b"y", ttl_s=0)
    assert await cache.get("key") is None


async def test_a_dropped_value_is_gone(cache: Cache) -> None:
    await cache.put("key", b"x", ttl_s=60)
    await cache.drop("key")
    await cache.drop("key")
    assert await cache.get("key") is None


async def test_too_large_a_value_is_a_mistake_of_the_caller(cache: Cache) -> None:
    with pytest.raises(ValueError, match="at most"):
        await cache.put("key", b"x" * (VALUE_BYTES_MAX + 1), ttl_s=60)


async def test_counting_is_exact_under_parallel_counts(cache: Cache) -> None:
    counts = await asyncio.gather(*(cache.count("key", window_s=60) for _ in range(50)))
    assert sorted(counts) == list(range(1, 51))


async def test_a_window_begins_with_its_first_event_and_ends(cache: Cache) -> None:
    assert await cache.count("key", window_s=0.3) == 1
    await asyncio.sleep(0.2)
    assert await cache.count("key", window_s=0.3) == 2
    await asyncio.sleep(0.2)
    assert await cache.count("key", window_s=0.3) == 1


async def test_a_counter_grows_by_as_much_as_is_said_and_takes_back_what_was_too_much(cache: Cache) -> None:
    assert await cache.count("key", window_s=60, by=700) == 700
    assert await cache.count("key", window_s=60, by=500) == 1200
    assert await cache.count("key", window_s=60, by=-500) == 700
    assert await cache.count("key", window_s=60) == 701
    assert await cache.count("short", window_s=0.1, by=5) == 5
    assert await cache.count("short", window_s=0.1, by=-5) == 0
    await asyncio.sleep(0.2)
    assert await cache.count("short", window_s=0.1, by=3) == 3


async def test_counts_are_shared_between_processes_on_redis(redis_url: str) -> None:
    one, other = RedisCache.open(redis_url), RedisCache.open(redis_url)
    assert [await one.count("key", window_s=60), await other.count("key", window_s=60)] == [1, 2]
    await one.put("value", b"x", ttl_s=60)
    assert await other.get("value") == b"x"
    await one.close()
    await other.close()


async def test_a_dead_redis_is_a_miss_and_limits_go_on_per_node() -> None:
    cache = RedisCache.open(DEAD)
    await cache.put("key", b"x", ttl_s=60)
    await cache.drop("key")
    assert await cache.get("key") is None
    assert [await cache.count("key", window_s=60) for _ in range(3)] == [1, 2, 3]
    await cache.close()


async def test_a_dead_redis_does_not_slow_every_request() -> None:
    cache = RedisCache.open(DEAD)
    await cache.get("key")
    began_at_s = time.monotonic()
    for _ in range(100):
        await cache.get("key")
    assert time.monotonic() - began_at_s < 0.5
    await cache.close()


@asynccontextmanager
async def serving(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a server that behaves like no Redis should."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


async def test_a_hanging_redis_costs_a_quarter_second_once() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serving(hang) as url:
        cache = RedisCache.open(url)
        began_at_s = time.monotonic()
        assert await cache.get("key") is None
        assert await cache.count("key", window_s=60) == 1
        assert time.monotonic() - began_at_s < 1.5
        await cache.close()


async def test_what_a_node_counted_is_not_forgotten_when_redis_dies(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RedisCache.open(redis_url)
    for _ in range(5):
        await cache.count("key", window_s=60)
    monkeypatch.setattr(cache, "_rest_until_s", time.monotonic() + 60)
    assert await cache.count("key", window_s=60) == 6
    await cache.close()


async def test_memory_is_bounded_in_entries_and_bytes() -> None:
    cache = MemoryCache(entries_max=10, bytes_max=1000)
    for number in range(50):
        await cache.put(f"small{number}", b"x", ttl_s=60)
        await cache.count(f"counter{number}", window_s=60)
    assert sum([await cache.get(f"small{number}") is not None for number in range(50)]) == 10
    for number in range(5):
        await cache.put(f"large{number}", b"x" * 400, ttl_s=60)
    assert [await cache.get(f"large{number}") is not None for number in range(5)] == [False, False, False, True, True]
    assert await cache.count("counter0", window_s=60) == 1
