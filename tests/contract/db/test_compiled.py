"""Compiled reads: those who wait for the same share a round trip, and nobody suffers from another's trouble."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shimin.db import Database, open_database
from shimin.db.compiled import Compiled, NoAnswer, place
from shimin.db.dialect import DIALECTS, Dialect
from shimin.db.postgres import PostgresDatabase

SLOW = {
    "postgres": f"(SELECT pg_sleep(({place(1)})::float8 / 1000)::text)",
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "  # noqa: S608 - a mark
    + place(1)
    + " * 20000) SELECT CAST(count(*) AS TEXT) FROM n)",
}


def doubled(dialect: Dialect) -> Compiled:
    """Return a statement of two texts: twice the number, and a text quoted; a negative number has no answer."""
    number, text = place(1), place(2)
    first = f"CASE WHEN {number} < 0 THEN {dialect.broken} ELSE CAST({number} * 2 AS TEXT) END"
    return Compiled([first, dialect.quoted(text)], ["integer", "text"], dialect)


def slow(dialect: Dialect) -> Compiled:
    """Return a statement that takes about as many milliseconds as it is told."""
    return Compiled([SLOW[dialect.name]], ["integer"], dialect)


@pytest.fixture
async def one_lane(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """Give a server database with a single lane: whoever comes second waits."""
    database = await open_database(postgres_url, readers=1)
    assert isinstance(database, PostgresDatabase)
    yield database
    await database.close()


async def test_values_come_back_as_texts_in_utf8(db: Database) -> None:
    compiled = doubled(DIALECTS[db.engine])
    assert tuple(await db.read_compiled(compiled, [21, 'a "quote"'])) == (b"42", b'"a \\"quote\\""')


async def test_a_statement_without_an_answer_says_so_and_the_next_one_works(db: Database) -> None:
    compiled = doubled(DIALECTS[db.engine])
    with pytest.raises(NoAnswer):
        await db.read_compiled(compiled, [-1, ""])
    assert tuple(await db.read_compiled(compiled, [1, ""])) == (b"2", b'""')


async def test_a_broken_value_among_many_is_broken_alone(db: Database) -> None:
    compiled = doubled(DIALECTS[db.engine])
    asked = [db.read_compiled(compiled, [-1 if number == 50 else number, str(number)]) for number in range(100)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found[50], NoAnswer)
    assert [tuple(item) for item in found if not isinstance(item, BaseException)] == [
        (b"%d" % (number * 2), b'"%d"' % number) for number in range(100) if number != 50
    ]


async def test_those_who_wait_for_the_same_share_a_round_trip(one_lane: PostgresDatabase) -> None:
    compiled = doubled(DIALECTS["postgres"])
    await asyncio.gather(*(one_lane.read_compiled(compiled, [number, ""]) for number in range(64)))
    assert one_lane.lanes.answered == 64
    assert one_lane.lanes.statements <= 1 + 2  # the first alone, the others 32 at a time


async def test_different_statements_wait_for_each_other_and_all_are_answered(one_lane: PostgresDatabase) -> None:
    statements = [doubled(DIALECTS["postgres"]) for _ in range(5)]
    asked = [one_lane.read_compiled(statements[number % 5], [number, ""]) for number in range(50)]
    assert [texts[0] for texts in await asyncio.gather(*asked)] == [b"%d" % (number * 2) for number in range(50)]


async def test_who_stops_waiting_stops_the_statement(db: Database) -> None:
    waiting = asyncio.create_task(_read_slowly(db, 20_000))
    await asyncio.sleep(0.2)
    waiting.cancel()
    loop = asyncio.get_running_loop()
    cancelled_at_s = loop.time()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.gather(*(db.read_compiled(doubled(DIALECTS[db.engine]), [1, ""]) for _ in range(10)))
    assert loop.time() - cancelled_at_s < 5  # not the twenty seconds the statement would have taken


async def test_one_who_leaves_does_not_take_the_others_answer(one_lane: PostgresDatabase) -> None:
    compiled = slow(DIALECTS["postgres"])
    first = asyncio.create_task(_read_slowly(one_lane, 100))
    await asyncio.sleep(0.02)
    staying, leaving = (asyncio.create_task(one_lane.read_compiled(compiled, [200])) for _ in range(2))
    await asyncio.sleep(0.15)
    leaving.cancel()
    assert len(await staying) == 1
    await first


async def test_a_lane_whose_connection_was_killed_is_replaced(one_lane: PostgresDatabase, postgres_url: str) -> None:
    compiled = doubled(DIALECTS["postgres"])
    await one_lane.read_compiled(compiled, [1, ""])
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle'"
            " AND application_name = 'shimin' AND datname = current_database()"
        )
    finally:
        await connection.close()
    await asyncio.sleep(0.05)
    found = await asyncio.gather(*(one_lane.read_compiled(compiled, [number, ""]) for number in range(20)))
    assert [texts[0] for texts in found] == [b"%d" % (number * 2) for number in range(20)]


async def _read_slowly(db: Database, duration_ms: int) -> None:
    await db.read_compiled(slow(DIALECTS[db.engine]), [duration_ms])
