"""What the embedded engine promises beyond what both do: one writer, group commit, durable settings."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from shimin.db import (
    Database,
    DatabaseFailed,
    DatabaseLocked,
    DatabaseNotDurable,
    DatabaseNotForProduction,
    DatabaseUrlInvalid,
    Unit,
    UnitTimedOut,
    check_durability,
    open_database,
)
from shimin.db.sqlite import SqliteDatabase, configure_writer

ADD = "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor) VALUES ($1,'o','d','t',1,0)"


async def add(unit: Unit, name: str) -> None:
    await unit.execute(ADD, name)


def on_disk(database: Database) -> set[str]:
    """Read the names with a connection that is none of ours."""
    with closing(sqlite3.connect(cast("SqliteDatabase", database).path)) as connection:
        return {name for (name,) in connection.execute("SELECT id FROM test_thing")}


async def test_waiting_units_share_a_commit(sqlite: Database) -> None:
    database = cast("SqliteDatabase", sqlite)

    async def put(number: int) -> None:
        async with sqlite.unit(timeout_s=30) as unit:
            await add(unit, f"n{number}")

    before = database._writer.commits
    await asyncio.gather(*(put(number) for number in range(200)))
    assert len(on_disk(sqlite)) == 200
    assert database._writer.commits - before <= 100


async def test_a_unit_alone_is_committed_at_once(sqlite: Database) -> None:
    database = cast("SqliteDatabase", sqlite)
    before = database._writer.commits
    for number in range(5):
        async with sqlite.unit() as unit:
            await add(unit, f"n{number}")
    assert database._writer.commits - before == 5


async def test_no_unit_is_released_before_its_commit(sqlite: Database) -> None:
    async def put(number: int) -> bool:
        async with sqlite.unit(timeout_s=30) as unit:
            await add(unit, f"n{number:03}")
        return f"n{number:03}" in on_disk(sqlite)

    assert all(await asyncio.gather(*(put(number) for number in range(150))))


async def test_a_unit_that_fails_in_a_group_leaves_the_others(sqlite: Database) -> None:
    async def put(number: int) -> None:
        async with sqlite.unit(timeout_s=30) as unit:
            await add(unit, f"n{number}")
            if number % 2:
                raise LookupError

    outcomes = await asyncio.gather(*(put(number) for number in range(60)), return_exceptions=True)
    assert sum(isinstance(outcome, LookupError) for outcome in outcomes) == 30
    assert on_disk(sqlite) == {f"n{number}" for number in range(0, 60, 2)}


async def in_one_group(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, *works: Callable[[Unit], Awaitable[None]]
) -> list[BaseException | None]:
    """Run units so that they surely share a transaction: each waits for its turn while the one before still works."""
    monkeypatch.setattr("shimin.db.sqlite_writer.GROUP_AGE_MAX_S", 60)
    writer = cast("SqliteDatabase", sqlite)._writer

    async def run(index: int, work: Callable[[Unit], Awaitable[None]]) -> None:
        async with sqlite.unit(timeout_s=2) as unit:
            while index + 1 < len(works) and not writer._waiting:  # noqa: ASYNC110 - the writer announces nothing
                await asyncio.sleep(0.001)
            await work(unit)

    tasks = []
    for index, work in enumerate(works):
        tasks.append(asyncio.create_task(run(index, work)))
        await asyncio.sleep(0.01)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_commit_that_fails_fails_every_unit_of_its_group(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deferred foreign key is checked by COMMIT alone: a real commit that really fails."""
    async with sqlite.unit() as unit:
        await unit.execute("CREATE TABLE parent (id TEXT PRIMARY KEY)")
        await unit.execute("CREATE TABLE child (id TEXT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")

    async def orphan(unit: Unit) -> None:
        await unit.execute("INSERT INTO child VALUES ('orphan')")

    async def innocent(unit: Unit) -> None:
        await add(unit, "innocent")

    outcomes = await in_one_group(sqlite, monkeypatch, innocent, orphan)
    assert [type(outcome) for outcome in outcomes] == [DatabaseFailed, DatabaseFailed]
    assert on_disk(sqlite) == set()
    async with sqlite.unit() as unit:
        await add(unit, "later")
    assert on_disk(sqlite) == {"later"}


async def test_nobody_is_told_of_what_others_wrote_before_that_is_durable(sqlite: Database) -> None:
    """A unit refuses because of what one before it in the group wrote: by then everybody can read it."""

    async def put(number: int) -> None:
        async with sqlite.unit(timeout_s=30) as unit:
            await add(unit, f"n{number}")

    async def refuse() -> tuple[set[str], set[str]]:
        seen: set[str] = set()
        with pytest.raises(LookupError):
            async with sqlite.unit(timeout_s=30) as unit:
                seen |= {row["id"] for row in await unit.fetch("SELECT id FROM test_thing")}
                raise LookupError
        return seen, on_disk(sqlite)

    told = await asyncio.gather(*(refuse() if number % 2 else put(number) for number in range(80)))
    outcomes = [item for item in told if item is not None]
    assert len(outcomes) == 40
    assert all(seen <= durable for seen, durable in outcomes)
    assert any(seen for seen, _ in outcomes)


async def test_an_interrupted_statement_fails_the_group_it_takes_with_it(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite undoes the whole transaction then; whoever shared it must not hear of success."""

    async def innocent(unit: Unit) -> None:
        await add(unit, "innocent")

    async def endless(unit: Unit) -> None:
        await unit.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor)"
            " SELECT 'n' || x, 'o', 'd', 't', 1, 0 FROM n"
        )

    outcomes = await in_one_group(sqlite, monkeypatch, innocent, endless)
    assert [type(outcome) for outcome in outcomes] == [DatabaseFailed, UnitTimedOut]
    assert on_disk(sqlite) == set()
    async with sqlite.unit() as unit:
        await add(unit, "later")
    assert on_disk(sqlite) == {"later"}


async def test_a_unit_that_fails_after_others_of_its_group_leaves_them(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def first(unit: Unit) -> None:
        await add(unit, "first")

    async def fails(unit: Unit) -> None:
        await add(unit, "second")
        raise LookupError

    async def silent(_unit: Unit) -> None:
        raise LookupError

    outcomes = await in_one_group(sqlite, monkeypatch, first, fails, silent)
    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, LookupError]
    assert on_disk(sqlite) == {"first"}


async def test_a_full_disk_fails_what_it_hits_and_nothing_after_it(sqlite: Database) -> None:
    writer = cast("SqliteDatabase", sqlite)._writer
    pages = await writer.run_alone(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await writer.run_alone(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 5}"))

    async def put(number: int) -> None:
        async with sqlite.unit(timeout_s=30) as unit:
            await add(unit, f"{number}{'x' * 20_000}")

    outcomes = await asyncio.gather(*(put(number) for number in range(10)), return_exceptions=True)
    acknowledged = sum(outcome is None for outcome in outcomes)
    assert all(outcome is None or isinstance(outcome, DatabaseFailed) for outcome in outcomes)
    assert len(outcomes) - acknowledged > 0
    assert len(on_disk(sqlite)) == acknowledged
    await writer.run_alone(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    await put(99)
    assert len(on_disk(sqlite)) == acknowledged + 1


async def test_a_unit_that_goes_on_after_its_transaction_was_lost_writes_nothing(sqlite: Database) -> None:
    """SQLite ends the whole transaction on a full disk; a statement after that would be committed by itself."""
    writer = cast("SqliteDatabase", sqlite)._writer
    pages = await writer.run_alone(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await writer.run_alone(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1}"))
    with pytest.raises(DatabaseFailed):
        async with sqlite.unit() as unit:
            await add(unit, "before")
            with pytest.raises(DatabaseFailed):
                await add(unit, "x" * 100_000)
            with pytest.raises(DatabaseFailed):
                await add(unit, "after")
    assert on_disk(sqlite) == set()


async def test_a_unit_that_fails_before_its_first_statement_undoes_nobody_else(sqlite: Database) -> None:
    async def put(number: int) -> None:
        async with sqlite.unit(timeout_s=30) as unit:
            if number % 2:
                raise LookupError
            await add(unit, f"n{number}")

    await asyncio.gather(*(put(number) for number in range(60)), return_exceptions=True)
    assert on_disk(sqlite) == {f"n{number}" for number in range(0, 60, 2)}


async def test_a_lock_held_by_another_process_is_named(sqlite: Database) -> None:
    with closing(sqlite3.connect(cast("SqliteDatabase", sqlite).path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked):
            async with sqlite.unit(timeout_s=10) as unit:
                await add(unit, "a")
        async with sqlite.reader() as reader:
            assert await reader.fetch("SELECT id FROM test_thing") == []
        other.execute("ROLLBACK")
    async with sqlite.unit() as unit:
        await add(unit, "b")
    assert on_disk(sqlite) == {"b"}


async def test_a_unit_cancelled_while_it_waits_for_another_process_leaves_the_writer_usable(sqlite: Database) -> None:
    with closing(sqlite3.connect(cast("SqliteDatabase", sqlite).path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def put() -> None:
            async with sqlite.unit() as unit:
                await add(unit, "a")

        task = asyncio.create_task(put())
        await asyncio.sleep(0.2)
        task.cancel()
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10), sqlite.unit(timeout_s=9) as unit:
        await add(unit, "b")
    assert on_disk(sqlite) == {"b"}


async def test_two_processes_may_write_to_one_file(sqlite_url: str, sqlite: Database) -> None:
    other = await open_database(sqlite_url)

    async def put(database: Database, name: str) -> None:
        async with database.unit(timeout_s=30) as unit:
            await add(unit, name)

    await asyncio.gather(
        *(put(each, f"{number}{index}") for number in range(60) for index, each in enumerate((sqlite, other)))
    )
    await other.close()
    assert len(on_disk(sqlite)) == 120


async def test_the_settings_that_keep_acknowledged_payments_are_asserted(sqlite: Database) -> None:
    assert await sqlite.durability() == {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
    await check_durability(sqlite, production=False)
    with pytest.raises(DatabaseNotForProduction):
        await check_durability(sqlite, production=True)


def test_a_connection_that_cannot_be_durable_is_refused() -> None:
    """A database in memory cannot keep a write-ahead log."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with pytest.raises(DatabaseNotDurable) as caught:
            configure_writer(connection)
        assert (caught.value.setting, caught.value.found) == ("journal_mode", "memory")


async def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "new.db"
    database = await open_database(f"sqlite:///{path}")
    for name in ("new.db", "new.db-wal"):
        assert (path.parent / name).stat().st_mode & 0o077 == 0
    await database.close()
    assert path.exists()
    assert not (path.parent / "new.db-wal").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x/", "mysql://x/y", ""])
async def test_an_address_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlInvalid):
        await open_database(url)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.db"
    path.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(sqlite3.DatabaseError):
        await open_database(f"sqlite:///{path}")


async def test_many_readers_wait_for_a_place_and_get_it(sqlite: Database) -> None:
    async def read() -> int:
        async with sqlite.reader() as reader:
            await asyncio.sleep(0.001)
            return int(await reader.fetch_value("SELECT count(*) FROM test_thing"))

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(read() for _ in range(100))) == [0] * 100


CHILD = """
import asyncio, sys
from shimin.db import open_database
async def main():
    database = await open_database(sys.argv[1])
    async def put(number):
        async with database.unit(timeout_s=60) as unit:
            await unit.execute(
                "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor)"
                " VALUES ($1,'o','d','t',1,0)", f"n{number}")
        print(f"n{number}", flush=True)
    for start in range(0, 100000, 20):
        await asyncio.gather(*(put(number) for number in range(start, start + 20)))
asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing_it_acknowledged(sqlite_url: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        sqlite_url,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    acknowledged = {(await child.stdout.readline()).decode().strip() for _ in range(200)}
    child.send_signal(signal.SIGKILL)
    acknowledged.update((await child.stdout.read()).decode().split())
    await child.wait()
    database = await open_database(sqlite_url)
    assert len(acknowledged) >= 200
    assert acknowledged <= on_disk(database)
    await database.close()
    with closing(sqlite3.connect(cast("SqliteDatabase", database).path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
