"""What a unit promises, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shimin.db import (
    ConstraintBroken,
    Database,
    DatabaseBusy,
    DatabaseFailed,
    Unit,
    UnitHeldDuringIo,
    UnitTimedOut,
    as_instant,
    assert_outside_unit,
)

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
YES, NO = True, False
INSERT = (
    "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor) VALUES ($1,$2,$3,$4,$5,$6)"
)


async def add(unit: Unit, name: str, amount_minor: int = 0) -> None:
    await unit.execute(INSERT, name, "ctz_a", "hrss", NOW, YES, amount_minor)


async def put(db: Database, name: str, amount_minor: int = 0) -> None:
    async with db.unit() as unit:
        await add(unit, name, amount_minor)


async def names(db: Database) -> list[str]:
    async with db.reader() as reader:
        return [row["id"] for row in await reader.fetch("SELECT id FROM test_thing ORDER BY id")]


async def test_what_a_unit_wrote_is_there_after_it(db: Database) -> None:
    await put(db, "a")
    assert await names(db) == ["a"]


async def test_a_unit_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.unit() as unit:
            await add(unit, "a")
            _ = 1 // 0
    assert await names(db) == []
    await put(db, "b")
    assert await names(db) == ["b"]


async def test_a_cancelled_unit_leaves_nothing(db: Database) -> None:
    written = asyncio.Event()

    async def held() -> None:
        async with db.unit() as unit:
            await add(unit, "a")
            written.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(held())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(db, "b")
    assert await names(db) == ["b"]


async def test_a_stuck_unit_is_rolled_back_at_its_limit_and_blocks_nobody(db: Database) -> None:
    with pytest.raises(UnitTimedOut):
        async with db.unit(timeout_s=0.2) as unit:
            await add(unit, "a")
            await asyncio.sleep(60)
    async with asyncio.timeout(2):
        await put(db, "b")
    assert await names(db) == ["b"]


async def test_a_statement_that_runs_too_long_is_stopped(db: Database) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        if db.engine == "sqlite"
        else "SELECT pg_sleep(60)"
    )
    with pytest.raises(UnitTimedOut):
        async with db.unit(timeout_s=0.2) as unit:
            await add(unit, "a")
            await unit.fetch(endless)
    async with asyncio.timeout(2):
        await put(db, "b")
    assert await names(db) == ["b"]


async def test_a_cancelled_read_gives_its_connection_back(db: Database) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        if db.engine == "sqlite"
        else "SELECT pg_sleep(60)"
    )
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), db.reader() as reader:
                await reader.fetch(endless)
    async with asyncio.timeout(3):
        assert await names(db) == []


async def test_a_unit_inside_a_unit_is_a_bug(db: Database) -> None:
    with pytest.raises(UnitHeldDuringIo):
        async with db.unit(), db.unit():
            pass
    await put(db, "b")


async def test_network_inside_a_unit_is_a_bug_and_outside_is_none(db: Database) -> None:
    assert_outside_unit("call a channel")
    later = asyncio.Event()

    async def child() -> None:
        await later.wait()
        assert_outside_unit("call a channel")

    async with db.unit():
        task = asyncio.create_task(child())
        with pytest.raises(UnitHeldDuringIo):
            assert_outside_unit("call a channel")
    assert_outside_unit("call a channel")
    later.set()
    await task


async def test_a_unit_that_has_ended_takes_no_more_statements(db: Database) -> None:
    async with db.unit() as unit:
        pass
    with pytest.raises(AssertionError):
        await add(unit, "a")
    with pytest.raises(AssertionError):
        await unit.orm.execute_query("SELECT 1")
    async with db.reader() as reader:
        pass
    with pytest.raises(AssertionError):
        await reader.fetch("SELECT 1")


@pytest.mark.parametrize(
    "statement",
    ["COMMIT", " rollback", "BEGIN", "SET search_path = x", "PRAGMA query_only=OFF", "-- x\nCOMMIT", "/**/ COMMIT"],
)
async def test_nothing_but_the_unit_ends_the_transaction(db: Database, statement: str) -> None:
    async with db.unit() as unit:
        with pytest.raises(AssertionError):
            await unit.execute(statement)


async def test_a_savepoint_undoes_its_part_alone(db: Database) -> None:
    async with db.unit() as unit:
        await add(unit, "a")
        with pytest.raises(ConstraintBroken) as caught:
            async with unit.savepoint():
                await add(unit, "b")
                await add(unit, "a")
        assert caught.value.kind == "unique"
        async with unit.savepoint():
            await add(unit, "c")
    assert await names(db) == ["a", "c"]


async def test_a_broken_constraint_names_its_kind_and_no_value(db: Database) -> None:
    async with db.unit() as unit:
        with pytest.raises(ConstraintBroken) as caught:
            async with unit.savepoint():
                await unit.execute(
                    "INSERT INTO test_thing (id, owner_id, made_at) VALUES ($1, $2, $3)", "secret-id", "ctz_a", NOW
                )
        assert caught.value.kind == "not_null"
        assert "secret-id" not in str(caught.value)


async def test_a_unit_that_swallows_a_failed_statement_never_commits_half(db: Database) -> None:
    """PostgreSQL undoes the whole transaction then, which must not look like success."""
    try:
        async with db.unit() as unit:
            await add(unit, "a")
            with pytest.raises(ConstraintBroken):
                await add(unit, "a")
    except DatabaseFailed:
        assert db.engine == "postgres"
        assert await names(db) == []
    else:
        assert db.engine == "sqlite"
        assert await names(db) == ["a"]


async def test_concurrent_units_lose_no_update(db: Database) -> None:
    await put(db, "a")

    async def add() -> None:
        async with db.unit(timeout_s=30) as unit:
            assert await unit.execute("UPDATE test_thing SET amount_minor = amount_minor + 1 WHERE id = $1", "a") == 1

    await asyncio.gather(*(add() for _ in range(200)))
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT amount_minor FROM test_thing WHERE id = $1", "a") == 200


async def test_failures_among_concurrent_units_touch_nobody_else(db: Database) -> None:
    async def work(number: int) -> str:
        try:
            async with db.unit(timeout_s=30) as unit:
                await add(unit, f"n{number:03}")
                if number % 3 == 0:
                    _ = [][number]
                if number % 3 == 1:
                    await add(unit, f"n{number:03}")
        except IndexError:
            return "raised"
        except ConstraintBroken:
            return "broken"
        return "done"

    outcomes = await asyncio.gather(*(work(number) for number in range(150)))
    assert [outcomes.count(outcome) for outcome in ("raised", "broken", "done")] == [50, 50, 50]
    assert await names(db) == [f"n{number:03}" for number in range(150) if number % 3 == 2]


async def test_waiting_for_a_turn_ends_with_busy_when_it_takes_too_long(db: Database) -> None:
    """Ten connections or one writer: whoever comes after all are taken hears DATABASE_BUSY."""
    places = 1 if db.engine == "sqlite" else 10
    taken = asyncio.Barrier(places + 1)
    done = asyncio.Event()

    async def hold() -> None:
        async with db.unit(timeout_s=20):
            await taken.wait()
            await done.wait()

    holders = [asyncio.create_task(hold()) for _ in range(places)]
    await taken.wait()
    with pytest.raises(DatabaseBusy):
        async with db.unit(timeout_s=0.2):
            pass
    done.set()
    await asyncio.gather(*holders)
    await put(db, "b")


async def test_a_reader_cannot_write(db: Database) -> None:
    await put(db, "a")
    async with db.reader() as reader:
        with pytest.raises(Exception, match=r"READONLY|read-only"):
            await reader.fetch("DELETE FROM test_thing RETURNING id")
    assert await names(db) == ["a"]


async def test_a_snapshot_sees_one_moment_and_a_plain_reader_the_present(db: Database) -> None:
    await put(db, "a")
    async with db.reader(snapshot=True) as still, db.reader() as plain:
        assert await still.fetch_value("SELECT count(*) FROM test_thing") == 1
        await put(db, "b")
        assert await still.fetch_value("SELECT count(*) FROM test_thing") == 1
        assert await plain.fetch_value("SELECT count(*) FROM test_thing") == 2
    async with db.reader(snapshot=True) as still:
        assert await still.fetch_value("SELECT count(*) FROM test_thing") == 2


async def test_readers_do_not_wait_for_the_writer(db: Database) -> None:
    async with db.unit() as unit:
        await add(unit, "a")
        async with asyncio.timeout(1):
            assert await names(db) == []
        assert await unit.fetch_value("SELECT count(*) FROM test_thing") == 1


async def test_values_come_back_as_they_went_in_on_both_engines(db: Database) -> None:
    at = datetime(2026, 7, 1, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with db.unit() as unit:
        await unit.execute(INSERT, "a", "中文 ' \" $1 ?", "hrss", at, NO, -(2**60))
        rows = await unit.fetch("SELECT * FROM test_thing WHERE made_at = $1 AND is_open = $2", at, NO)
        latest = await unit.fetch_value("SELECT max(made_at) FROM test_thing")
    assert rows == [
        {
            "id": "a",
            "owner_id": "中文 ' \" $1 ?",
            "department_id": "hrss",
            "made_at": at,
            "seen_at": None,
            "content": None,
            "is_open": False,
            "amount_minor": -(2**60),
        }
    ]
    assert rows[0]["made_at"].tzinfo == UTC
    assert rows[0]["is_open"] is False
    assert as_instant(latest) == at


async def test_placeholders_may_repeat_and_come_in_any_order(db: Database) -> None:
    async with db.reader() as reader:
        row = await reader.fetch_one(
            "SELECT CAST($2 AS TEXT) AS b, CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS c, '$1' AS d /* $9 */", "x", "y"
        )
    assert row == {"b": "y", "a": "x", "c": "y", "d": "$1"}


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), {"a": 1}, object()])  # noqa: DTZ001 - what is refused
async def test_values_the_engines_would_take_differently_are_refused(db: Database, value: Any) -> None:
    async with db.unit() as unit:
        with pytest.raises((ValueError, TypeError)):
            await unit.execute("UPDATE test_thing SET seen_at = $1", value)


async def test_a_row_is_counted_and_returned(db: Database) -> None:
    await put(db, "a", 5)
    await put(db, "b", 5)
    async with db.unit() as unit:
        assert await unit.execute("UPDATE test_thing SET amount_minor = 6 WHERE amount_minor = 5") == 2
        assert await unit.execute("UPDATE test_thing SET amount_minor = 6 WHERE amount_minor = 5") == 0
        row = await unit.fetch_one("UPDATE test_thing SET amount_minor = 7 WHERE id = $1 RETURNING id, made_at", "a")
        assert row == {"id": "a", "made_at": NOW}
        assert await unit.execute("DELETE FROM test_thing WHERE id = $1 RETURNING id", "b") == 1
        assert await unit.execute(f"{INSERT} ON CONFLICT DO NOTHING", "a", "o", "d", NOW, YES, 1) == 0


async def test_a_closed_database_says_so(db: Database) -> None:
    await db.close()
    with pytest.raises(Exception, match=r"DATABASE_|closed"):
        await put(db, "a")
