"""What the outbox and its relay promise, on both engines."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from shimin.db import (
    Database,
    Relay,
    RelayLimits,
    assert_outside_unit,
    dead_facts,
    emit,
    open_database,
    open_facts,
    revive_fact,
)
from shimin.kit.clock import FixedClock, SystemClock
from shimin.kit.fact import Fact

Handler = Callable[[str, Fact], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class ThingHappened(Fact):
    name: ClassVar[str] = "test.thing_happened"
    version: ClassVar[int] = 2

    thing_id: str
    number: int

    @property
    def key(self) -> str:
        return self.thing_id


def relay_of(
    db: Database, clock: FixedClock | SystemClock, *handlers: Handler, limits: RelayLimits | None = None
) -> Relay:
    return Relay(
        db,
        {ThingHappened.name: handlers},
        clock,
        facts=[ThingHappened],
        limits=limits or RelayLimits(),
        jitter=lambda: 1.0,
    )


async def happen(db: Database, *numbers: int, thing_id: str = "a") -> None:
    for number in numbers:
        async with db.unit() as unit:
            await emit(unit, ThingHappened(thing_id=thing_id, number=number))


class Seen:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.ids: list[str] = []
        self.some = asyncio.Event()

    async def __call__(self, fact_id: str, fact: Fact) -> None:
        assert_outside_unit("handle a fact")
        assert isinstance(fact, ThingHappened)
        self.numbers.append(fact.number)
        self.some.set()
        self.ids.append(fact_id)


class Fails:
    """A handler that fails the first times it is called."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.calls = 0

    async def __call__(self, _fact_id: str, _fact: Fact) -> None:
        self.calls += 1
        if self.left:
            self.left -= 1
            message = "身份证 44010619900101123X"
            raise ConnectionError(message)


async def test_a_fact_is_written_with_its_unit_or_not_at_all(db: Database, clock: FixedClock) -> None:
    seen = Seen()
    with pytest.raises(ZeroDivisionError):
        async with db.unit() as unit:
            await unit.emit(ThingHappened(thing_id="a", number=1))
            _ = 1 // 0
    async with db.unit() as unit:
        await unit.emit(ThingHappened(thing_id="a", number=2))
        with pytest.raises(ZeroDivisionError):
            async with unit.savepoint():
                await unit.emit(ThingHappened(thing_id="b", number=3))
                _ = 1 // 0
        await unit.emit(ThingHappened(thing_id="c", number=4))
    assert await relay_of(db, clock, seen).step() == 2
    assert sorted(seen.numbers) == [2, 4]


async def test_a_delivered_fact_is_not_delivered_again(db: Database, clock: FixedClock) -> None:
    seen = Seen()
    await happen(db, 1)
    relay = relay_of(db, clock, seen)
    assert [await relay.step(), await relay.step()] == [1, 0]
    assert seen.numbers == [1]
    async with db.reader() as reader:
        assert await open_facts(reader) == 0


async def test_facts_of_one_key_come_in_order_even_when_the_first_fails(db: Database, clock: FixedClock) -> None:
    seen, fails = Seen(), Fails(2)

    async def picky(fact_id: str, fact: Fact) -> None:
        await fails(fact_id, fact)
        await seen(fact_id, fact)

    await happen(db, 1, 2, 3)
    relay = relay_of(db, clock, picky)
    for _ in range(8):
        await relay.step()
        clock.at += timedelta(seconds=5)
    assert seen.numbers == [1, 2, 3]
    assert fails.calls == 5


async def test_a_failing_key_holds_up_no_other_key(db: Database, clock: FixedClock) -> None:
    seen = Seen()

    async def picky(fact_id: str, fact: Fact) -> None:
        if fact.key == "bad":
            raise ConnectionError
        await seen(fact_id, fact)

    await happen(db, 1, thing_id="bad")
    await happen(db, 2, thing_id="good")
    await relay_of(db, clock, picky).step()
    assert seen.numbers == [2]


async def test_different_keys_are_handled_side_by_side(db: Database, clock: FixedClock) -> None:
    together = asyncio.Barrier(8)

    async def meet(_fact_id: str, _fact: Fact) -> None:
        async with asyncio.timeout(5):
            await together.wait()

    for number in range(8):
        await happen(db, number, thing_id=f"k{number}")
    assert await relay_of(db, clock, meet).step() == 8
    async with db.reader() as reader:
        assert await open_facts(reader) == 0


async def test_a_handler_that_fails_does_not_keep_the_others_from_finishing(db: Database, clock: FixedClock) -> None:
    slow_done = []

    async def slow(fact_id: str, _fact: Fact) -> None:
        await asyncio.sleep(0.05)
        slow_done.append(fact_id)

    await happen(db, 1)
    await relay_of(db, clock, Fails(1), slow).step()
    assert len(slow_done) == 1


async def test_a_failed_fact_waits_longer_each_time(db: Database, clock: FixedClock) -> None:
    await happen(db, 1)
    relay = relay_of(db, clock, Fails(99), limits=RelayLimits(backoff_base_s=1, backoff_max_s=10))
    waits = []
    for _ in range(6):
        assert await relay.step() == 1
        async with db.reader() as reader:
            due_at = await reader.fetch_value("SELECT due_at FROM outbox")
        waits.append((due_at - clock.at).total_seconds())
        clock.at = due_at - timedelta(milliseconds=1)
        assert await relay.step() == 0
        clock.at = due_at
    assert waits == [1, 2, 4, 8, 10, 10]


async def test_a_fact_that_always_fails_is_kept_as_dead_and_can_be_revived(db: Database, clock: FixedClock) -> None:
    seen, fails = Seen(), Fails(3)

    async def picky(fact_id: str, fact: Fact) -> None:
        if isinstance(fact, ThingHappened) and fact.number == 1:
            await fails(fact_id, fact)
        await seen(fact_id, fact)

    await happen(db, 1, 2)
    relay = relay_of(db, clock, picky, limits=RelayLimits(attempts_max=3))
    for _ in range(5):
        await relay.step()
        clock.at += timedelta(minutes=10)
    assert seen.numbers == [2]
    async with db.reader() as reader:
        dead = await dead_facts(reader)
    assert [(row["key"], row["attempts"], row["last_error"]) for row in dead] == [("a", 3, "ConnectionError")]
    async with db.unit() as unit:
        assert await revive_fact(unit, dead[0]["id"])
        assert not await revive_fact(unit, "fct_unknown")
    clock.at += timedelta(seconds=1)
    await relay.step()
    assert seen.numbers == [2, 1]
    async with db.reader() as reader:
        assert await dead_facts(reader) == []


async def test_a_dead_relays_facts_are_taken_over_when_its_lease_ends(db: Database, clock: FixedClock) -> None:
    started, seen = asyncio.Event(), Seen()

    async def hang(_fact_id: str, _fact: Fact) -> None:
        started.set()
        await asyncio.sleep(60)

    await happen(db, 1)
    limits = RelayLimits(handler_timeout_s=5, lease_s=20)
    dying = asyncio.create_task(relay_of(db, clock, hang, limits=limits)._turn(1))
    assert len(await dying) == 1  # it holds the lease, and nothing more is ever heard of it
    successor = relay_of(db, clock, seen, limits=limits)
    assert await successor.step() == 0
    clock.at += timedelta(seconds=21)
    assert await successor.step() == 1
    assert seen.numbers == [1]


async def test_an_outcome_that_comes_after_its_lease_changes_nothing(db: Database, clock: FixedClock) -> None:
    limits = RelayLimits(handler_timeout_s=5, lease_s=20)
    late = relay_of(db, clock, Seen(), limits=limits)
    await happen(db, 1)
    (lease,) = await late._turn(1)
    clock.at += timedelta(seconds=21)
    prompt = relay_of(db, clock, Fails(1), limits=limits)
    assert await prompt.step() == 1
    await late._handle(lease)
    await late._turn(0)
    async with db.reader() as reader:
        assert await open_facts(reader) == 1


async def test_a_handler_that_hangs_is_stopped_and_tried_again(db: Database, clock: FixedClock) -> None:
    async def hang(_fact_id: str, _fact: Fact) -> None:
        await asyncio.sleep(60)

    await happen(db, 1)
    await relay_of(db, clock, hang, limits=RelayLimits(handler_timeout_s=0.05, lease_s=10)).step()
    async with db.reader() as reader:
        row = await reader.fetch_one("SELECT state, attempts, last_error FROM outbox")
    assert row == {"state": "open", "attempts": 1, "last_error": "TimeoutError"}


async def test_a_relay_that_is_stopped_gives_its_facts_back_at_once(db: Database, clock: FixedClock) -> None:
    started, seen = asyncio.Event(), Seen()

    async def hang(_fact_id: str, _fact: Fact) -> None:
        started.set()
        await asyncio.sleep(60)

    await happen(db, 1)
    running = asyncio.create_task(relay_of(db, clock, hang).run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await relay_of(db, clock, seen).step() == 1
    assert seen.numbers == [1]


async def test_a_fact_of_a_newer_program_is_left_for_it(db: Database, clock: FixedClock) -> None:
    await happen(db, 1)
    async with db.unit() as unit:
        await unit.execute("UPDATE outbox SET version = 3")
    seen = Seen()
    relay = relay_of(db, clock, seen)
    for _ in range(20):
        await relay.step()
        clock.at += timedelta(minutes=1)
    assert seen.numbers == []
    async with db.reader() as reader:
        row = await reader.fetch_one("SELECT state, attempts FROM outbox")
    assert row == {"state": "open", "attempts": 0}


async def test_a_fact_nobody_waits_for_is_done(db: Database, clock: FixedClock) -> None:
    await happen(db, 1)
    assert await relay_of(db, clock).step() == 1
    async with db.reader() as reader:
        assert await open_facts(reader) == 0


async def test_done_facts_are_removed_after_their_retention(db: Database, clock: FixedClock) -> None:
    await happen(db, 1)
    relay = relay_of(db, clock, Seen(), limits=RelayLimits(retention_s=3600))
    await relay.step()
    clock.at += timedelta(minutes=59)
    await relay.step()
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT count(*) FROM outbox") == 1
    clock.at += timedelta(minutes=2)
    await relay.step()
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT count(*) FROM outbox") == 0


async def test_a_commit_wakes_the_relay_of_its_process(db: Database) -> None:
    seen = Seen()
    relay = relay_of(db, SystemClock(), seen, limits=RelayLimits(poll_s=30))
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.2)
    async with asyncio.timeout(2):
        await happen(db, 1)
        await seen.some.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_facts_of_other_processes_are_found_by_polling(url: str, db: Database) -> None:
    seen = Seen()
    running = asyncio.create_task(relay_of(db, SystemClock(), seen).run())
    await asyncio.sleep(0.1)
    elsewhere = await open_database(url)
    async with asyncio.timeout(2):
        await happen(elsewhere, 1)
        await seen.some.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await elsewhere.close()


async def test_relays_side_by_side_deliver_each_fact_once_and_each_key_in_order(url: str, db: Database) -> None:
    databases = [db, *[await open_database(url) for _ in range(2)]]
    ids: Counter[str] = Counter()
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    all_seen = asyncio.Event()

    async def note(fact_id: str, fact: Fact) -> None:
        await asyncio.sleep(0.001)
        assert isinstance(fact, ThingHappened)
        ids[fact_id] += 1
        by_key[fact.key].append(fact.number)
        if ids.total() >= 200:
            all_seen.set()

    relays = [relay_of(each, SystemClock(), note, limits=RelayLimits(concurrency=8)) for each in databases]
    running = [asyncio.create_task(relay.run()) for relay in relays]
    await asyncio.gather(*(happen(db, *range(20), thing_id=f"k{key}") for key in range(10)))
    async with asyncio.timeout(30):
        await all_seen.wait()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert set(ids.values()) == {1}
    assert dict(by_key) == {f"k{key}": list(range(20)) for key in range(10)}
    for database in databases[1:]:
        await database.close()


def test_a_lease_that_could_run_out_under_its_handler_is_refused() -> None:
    with pytest.raises(ValueError, match="lease"):
        RelayLimits(handler_timeout_s=30, lease_s=31)
