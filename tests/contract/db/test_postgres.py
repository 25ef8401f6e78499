"""What the server engine promises beyond what both do: lost connections, durable settings, no password in any text."""

import asyncio
import socket
import traceback
from contextvars import Context
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from shimin.db import (
    ConstraintBroken,
    Database,
    DatabaseBusy,
    DatabaseNotDurable,
    DatabaseUnreachable,
    DatabaseUrlInvalid,
    check_durability,
    migrate,
    open_database,
)

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ADD = (
    "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor)"
    " VALUES ($1, 'o', 'd', $2, true, 0)"
)


class Server(Protocol):
    async def administer(self, statement: str) -> None: ...


async def put(database: Database, name: str) -> None:
    async with database.unit() as unit:
        await unit.execute(ADD, name, NOW)


async def names(database: Database) -> list[str]:
    async with database.reader() as reader:
        return [row["id"] for row in await reader.fetch("SELECT id FROM test_thing ORDER BY id")]


async def kill_backends(url: str) -> None:
    """Kill every server process of the database but the one that asks."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_units_after_killed_connections_work_in_a_long_lived_task(server_url: str, postgres: Database) -> None:
    """One killed connection must not poison the task: twelve rounds in the same one."""
    for number in range(12):
        await kill_backends(server_url)
        await put(postgres, f"n{number:02}")
    assert len(await names(postgres)) == 12


async def test_all_places_can_be_stale_at_once(server_url: str, postgres: Database) -> None:
    everybody = asyncio.Barrier(4)

    async def together(name: str) -> None:
        async with postgres.unit() as unit:
            await everybody.wait()
            await unit.execute(ADD, name, NOW)

    await asyncio.gather(*(together(f"a{number}") for number in range(4)))
    await kill_backends(server_url)
    await asyncio.gather(*(together(f"b{number}") for number in range(4)))
    assert len(await names(postgres)) == 8


async def test_a_connection_killed_inside_a_unit_fails_that_unit_alone(server_url: str, postgres: Database) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with postgres.unit() as unit:
            await unit.execute(ADD, "a", NOW)
            await kill_backends(server_url)
            await unit.execute(ADD, "b", NOW)
    await put(postgres, "c")
    assert await names(postgres) == ["c"]


async def test_a_connection_killed_before_the_commit_fails_that_unit_alone(server_url: str, postgres: Database) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with postgres.unit() as unit:
            await unit.execute(ADD, "a", NOW)
            await kill_backends(server_url)
    await put(postgres, "c")
    assert await names(postgres) == ["c"]


async def test_readers_do_not_notice_killed_connections(server_url: str, postgres: Database) -> None:
    assert await names(postgres) == []
    for _ in range(5):
        await kill_backends(server_url)
        assert await names(postgres) == []
        async with postgres.reader(snapshot=True) as reader:
            assert await reader.fetch("SELECT id FROM test_thing") == []


async def test_a_snapshot_that_lost_its_connection_is_not_continued_on_another(
    server_url: str, postgres: Database
) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with postgres.reader(snapshot=True) as reader:
            assert await reader.fetch("SELECT id FROM test_thing") == []
            await kill_backends(server_url)
            await reader.fetch("SELECT id FROM test_thing")


async def test_an_error_repeats_no_value_of_a_row(postgres: Database) -> None:
    """The server's own texts do; they would end in a log."""
    value = "".join(reversed("7-terces"))  # so that the traceback's lines of code do not hold it
    await put(postgres, value)
    with pytest.raises(ConstraintBroken) as caught:
        await put(postgres, value)
    assert value not in "".join(traceback.format_exception(caught.value))


async def test_a_value_of_the_wrong_type_is_a_bug_of_ours_and_not_a_lost_server(postgres: Database) -> None:
    value = "".join(reversed("7-terces"))
    async with postgres.reader() as reader:
        with pytest.raises(ValueError, match="argument") as caught:
            await reader.fetch("SELECT id FROM test_thing WHERE amount_minor = $1", value)
        assert value not in "".join(traceback.format_exception(caught.value))
        with pytest.raises(asyncpg.InterfaceError):
            await reader.fetch("SELECT id FROM test_thing WHERE amount_minor = $1")
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await reader.fetch("SELEC 1")


async def test_a_unit_waits_no_longer_than_told_for_a_locked_row(postgres: Database) -> None:
    await put(postgres, "a")
    async with postgres.unit() as holder:
        await holder.execute("UPDATE test_thing SET amount_minor = 1 WHERE id = 'a'")

        async def other() -> None:
            async with postgres.unit() as unit:
                await unit.execute("SET LOCAL lock_timeout = '100ms'")
                await unit.execute("UPDATE test_thing SET amount_minor = 2 WHERE id = 'a'")

        with pytest.raises(DatabaseBusy):
            await asyncio.create_task(other(), context=Context())


async def test_what_a_unit_set_for_itself_is_gone_after_it(postgres: Database) -> None:
    async with postgres.unit() as unit:
        await unit.execute("SET LOCAL lock_timeout = '123ms'")
    for _ in range(8):
        async with postgres.unit() as unit:
            assert await unit.fetch_value("SHOW lock_timeout") == "0"


async def test_a_deadlock_fails_one_unit_with_a_code_and_the_other_goes_on(postgres: Database) -> None:
    await put(postgres, "a")
    await put(postgres, "b")
    both = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        async with postgres.unit(timeout_s=20) as unit:
            await unit.execute("UPDATE test_thing SET amount_minor = amount_minor + 1 WHERE id = $1", first)
            await both.wait()
            await unit.execute("UPDATE test_thing SET amount_minor = amount_minor + 1 WHERE id = $1", second)

    outcomes = await asyncio.gather(cross("a", "b"), cross("b", "a"), return_exceptions=True)
    failed = [outcome for outcome in outcomes if outcome is not None]
    assert len(failed) == 1
    assert getattr(failed[0], "code", None) == "DATABASE_FAILED"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("act", [open_database, migrate])
async def test_a_server_that_does_not_answer_is_named_without_the_password(act: Any) -> None:
    url = f"postgres://shimin:geheim-7@127.0.0.1:{free_port()}/city"
    with pytest.raises(DatabaseUnreachable) as caught:
        await act(url)
    assert caught.value.where.endswith("/city")
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


async def test_a_database_that_is_not_there_is_named_without_the_password(postgres_url: str) -> None:
    place = urlsplit(postgres_url)
    url = urlunsplit(place._replace(path="/no_such_city", query="application_name=geheim-7"))
    with pytest.raises(DatabaseUnreachable) as caught:
        await open_database(url)
    assert "3D000" in caught.value.reason
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:geheim-7@host",
        "postgres://u:geheim-7@host:port/x",
        "postgres://u:geheim-7@[::/x",
        "postgresql:///",
    ],
)
async def test_an_address_that_makes_no_sense_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseUrlInvalid) as caught:
        await open_database(url)
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_may_lose_acknowledged_payments_is_refused_in_production(
    server: Server, own_server_url: str, postgres: Database
) -> None:
    await check_durability(postgres, production=True)
    name = own_server_url.rpartition("/")[2]
    await server.administer(f"ALTER DATABASE {name} SET synchronous_commit = off")
    relaxed = await open_database(own_server_url)
    await check_durability(relaxed, production=False)
    with pytest.raises(DatabaseNotDurable) as caught:
        await check_durability(relaxed, production=True)
    assert (caught.value.setting, caught.value.found) == ("synchronous_commit", "off")
    await relaxed.close()
