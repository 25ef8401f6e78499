"""The pub/sub port: the same promises in one process and over a real Redis; a dead Redis keeps local hints going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from shimin.adapters.memory_pubsub import BACKLOG_MAX, MemoryPubSub
from shimin.adapters.redis_pubsub import RedisPubSub
from shimin.ports.pubsub import PAYLOAD_BYTES_MAX, PubSub

ADAPTERS = ("memory", "redis")
DEAD = "redis://127.0.0.1:1/0"
"""Nothing listens on port 1."""


@pytest.fixture(params=ADAPTERS)
async def pubsub(request: pytest.FixtureRequest) -> AsyncIterator[PubSub]:
    made: PubSub = (
        MemoryPubSub() if request.param == "memory" else RedisPubSub.open(request.getfixturevalue("redis_url"))
    )
    yield made
    await made.close()


async def take(payloads: AsyncIterator[bytes], number: int, timeout_s: float = 5) -> list[bytes]:
    """Return the next payloads."""
    async with asyncio.timeout(timeout_s):
        return [await anext(payloads) for _ in range(number)]


async def is_silent(payloads: AsyncIterator[bytes]) -> bool:
    try:
        await take(payloads, 1, timeout_s=0.2)
    except TimeoutError:
        return True
    return False


async def test_a_listener_gets_everything_in_order_from_the_moment_it_listens(pubsub: PubSub) -> None:
    await pubsub.publish("topic", b"before")
    async with pubsub.listen("topic") as payloads:
        for number in range(100):
            await pubsub.publish("topic", str(number).encode())
        assert await take(payloads, 100) == [str(number).encode() for number in range(100)]


async def test_every_listener_gets_its_own_copy_and_no_other_topics(pubsub: PubSub) -> None:
    async with pubsub.listen("a") as first, pubsub.listen("a") as second, pubsub.listen("b") as other:
        await pubsub.publish("a", bytes(range(256)))
        assert await take(first, 1) == await take(second, 1) == [bytes(range(256))]
        assert await is_silent(other)


async def test_who_left_gets_nothing_and_may_come_back(pubsub: PubSub) -> None:
    async with pubsub.listen("topic") as payloads:
        await pubsub.publish("topic", b"1")
        assert await take(payloads, 1) == [b"1"]
    await pubsub.publish("topic", b"2")
    async with pubsub.listen("topic") as payloads:
        await pubsub.publish("topic", b"3")
        assert await take(payloads, 1) == [b"3"]


async def test_topics_come_and_go_beside_each_other(pubsub: PubSub) -> None:
    async def one(number: int) -> None:
        for turn in range(5):
            async with pubsub.listen(f"topic{number}") as payloads:
                await pubsub.publish(f"topic{number}", str(turn).encode())
                assert await take(payloads, 1) == [str(turn).encode()]

    await asyncio.gather(*(one(number) for number in range(20)))


async def test_a_listener_far_behind_loses_the_oldest_and_blocks_nobody(pubsub: PubSub) -> None:
    async with pubsub.listen("topic") as slow, pubsub.listen("end") as end:
        for number in range(BACKLOG_MAX + 10):
            await pubsub.publish("topic", str(number).encode())
        await pubsub.publish("end", b"")
        await take(end, 1)
        assert await take(slow, 1) == [b"10"]


async def test_too_large_a_payload_is_a_mistake_of_the_caller(pubsub: PubSub) -> None:
    async with pubsub.listen("topic") as payloads:
        await pubsub.publish("topic", b"x" * PAYLOAD_BYTES_MAX)
        with pytest.raises(ValueError, match="at most"):
            await pubsub.publish("topic", b"x" * (PAYLOAD_BYTES_MAX + 1))
        assert await take(payloads, 1) == [b"x" * PAYLOAD_BYTES_MAX]
        assert await is_silent(payloads)


async def test_a_wait_that_was_given_up_can_be_taken_up_again(pubsub: PubSub) -> None:
    async with pubsub.listen("topic") as payloads:
        assert await is_silent(payloads)
        await pubsub.publish("topic", b"x")
        assert await take(payloads, 1) == [b"x"]


async def test_closing_ends_every_listener(pubsub: PubSub) -> None:
    async with pubsub.listen("topic") as payloads:
        await pubsub.close()
        async with asyncio.timeout(2):
            assert [payload async for payload in payloads] == []


async def test_processes_hear_each_other_over_redis(redis_url: str) -> None:
    here, there = RedisPubSub.open(redis_url), RedisPubSub.open(redis_url)
    async with here.listen("topic") as payloads:
        await there.publish("topic", b"hello")
        assert await take(payloads, 1) == [b"hello"]
    await here.close()
    await there.close()


async def test_one_connection_serves_all_listeners_of_a_process(redis_url: str) -> None:
    pubsub, observer = RedisPubSub.open(redis_url), aioredis.Redis.from_url(redis_url)
    async with contextlib.AsyncExitStack() as stack:
        for number in range(50):
            await stack.enter_async_context(pubsub.listen(f"topic{number}"))
        clients = await observer.client_list(_type="pubsub")
        assert len(clients) == 1
    await pubsub.close()
    await observer.aclose()


async def test_a_cut_connection_is_made_again(redis_url: str) -> None:
    pubsub, observer = RedisPubSub.open(redis_url), aioredis.Redis.from_url(redis_url)
    async with pubsub.listen("topic") as payloads:
        for round_ in range(3):
            await observer.client_kill_filter(_type="pubsub")
            heard: list[bytes] = []
            for _ in range(100):
                await pubsub.publish("topic", str(round_).encode())
                with contextlib.suppress(TimeoutError):
                    heard = await take(payloads, 1, timeout_s=0.05)
                if heard == [str(round_).encode()]:
                    break
            assert heard == [str(round_).encode()]
    await pubsub.close()
    await observer.aclose()


async def test_without_redis_hints_still_reach_this_process() -> None:
    pubsub = RedisPubSub.open(DEAD)
    async with asyncio.timeout(5), pubsub.listen("topic") as payloads:
        await pubsub.publish("topic", b"here")
        assert await take(payloads, 1) == [b"here"]
    await pubsub.close()
