"""What the outbox promises about the order of facts while units race, on both engines."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from shimin.db import Database, open_database
from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class Raced(Fact):
    name: ClassVar[str] = "test.raced"

    thing_id: str
    number: int

    @property
    def key(self) -> str:
        return self.thing_id


async def test_a_keys_facts_become_visible_in_the_order_of_their_numbers(url: str, db: Database) -> None:
    """A reader that saw number 7 never finds number 6 later, however units race."""
    other = await open_database(url)
    seen: list[int] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            async with db.reader() as reader:
                rows = await reader.fetch("SELECT seq FROM outbox WHERE key = 'a' ORDER BY seq")
            fresh = [row["seq"] for row in rows if row["seq"] not in seen]
            assert not seen or not fresh or min(fresh) > max(seen)
            seen.extend(fresh)

    async def race(database: Database, numbers: Sequence[int]) -> None:
        for number in numbers:
            async with database.unit(timeout_s=30) as unit:
                await unit.emit(Raced(thing_id="a", number=number))
                await unit.emit(Raced(thing_id=f"z{number}", number=number))

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(race(database, range(15)) for database in (db, other) for _ in range(4)))
    done.set()
    await watching
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT count(*) FROM outbox") == 240
    await other.close()


async def test_units_that_emit_the_same_keys_in_opposite_order_do_not_block_each_other(db: Database) -> None:
    async def both(first: str, second: str) -> None:
        for number in range(20):
            async with db.unit(timeout_s=30) as unit:
                await unit.emit(Raced(thing_id=first, number=number))
                await unit.emit(Raced(thing_id=second, number=number))

    async with asyncio.timeout(30):
        await asyncio.gather(*(both("a", "b") for _ in range(4)), *(both("b", "a") for _ in range(4)))
