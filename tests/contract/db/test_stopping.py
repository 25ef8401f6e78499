"""A statement that nobody waits for any more ends, even where the server misses the word that stops it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from shimin.db import open_database
from shimin.db.compiled import Compiled
from shimin.db.dialect import DIALECTS
from shimin.db.postgres import PostgresDatabase

MINUTE = "SELECT pg_sleep(60)::text"
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'"
    " AND application_name = 'shimin' AND datname = current_database()"
)
WITHIN_S = 6.0


class Road:
    """The way to the server; once ``takes_more`` is off, whoever comes is sent away and those on it go on.

    PostgreSQL hears over a connection of its own that a statement is to be stopped.
    """

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self.takes_more = True
        self.missed = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Give the port on which to come."""
        async with await asyncio.start_server(self._relay, "127.0.0.1", 0) as road:
            yield road.sockets[0].getsockname()[1]

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.takes_more:
            writer.close()
            self.missed.set()
            return
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(_pass_on(reader, server_writer), _pass_on(server_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65_536):
            writer.write(part)
    except ConnectionError:
        pass  # reset: the other side is told of the end
    finally:
        writer.close()


@pytest.fixture
async def road(server_url: str) -> AsyncIterator[tuple[Road, PostgresDatabase]]:
    """Give a database with one place to read, and the way to it."""
    road = Road(server_url)
    async with road.open() as port:
        parts = urlsplit(server_url)
        account = parts.netloc.rpartition("@")[0]
        netloc = f"{account}@127.0.0.1:{port}" if account else f"127.0.0.1:{port}"
        url = urlunsplit(parts._replace(netloc=netloc, query="sslmode=disable"))
        database = await open_database(url, readers=1)
        assert isinstance(database, PostgresDatabase)
        yield road, database
        await database.close()


async def test_who_stops_reading_hears_nothing_of_a_server_that_missed_it(
    road: tuple[Road, PostgresDatabase], server_url: str
) -> None:
    way, database = road

    async def read() -> None:
        async with database.reader() as reader:
            await reader.fetch(MINUTE)

    await _stop(way, asyncio.create_task(read()), server_url)
    async with asyncio.timeout(WITHIN_S), database.reader() as reader:
        assert await reader.fetch_value("SELECT 1") == 1, "the only place to read is free again"
    await _wait_until(server_url, running=0)


async def test_a_lane_whose_server_missed_it_takes_another_connection(
    road: tuple[Road, PostgresDatabase], server_url: str
) -> None:
    way, database = road
    minute = Compiled([f"({MINUTE})"], [], DIALECTS["postgres"])
    await _stop(way, asyncio.create_task(_read(database, minute)), server_url)
    async with asyncio.timeout(WITHIN_S):
        assert list(await database.read_compiled(Compiled(["'1'"], [], DIALECTS["postgres"]), ())) == [b"1"]
    await _wait_until(server_url, running=0)


async def _read(database: PostgresDatabase, compiled: Compiled) -> None:
    await database.read_compiled(compiled, ())


async def _stop(way: Road, reading: asyncio.Task[None], url: str) -> None:
    """Stop a statement that runs, while the server does not listen."""
    await _wait_until(url, running=1)
    way.takes_more = False
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(way.missed.wait(), WITHIN_S)
    way.takes_more = True


async def _wait_until(url: str, *, running: int) -> None:
    ends_at_s = time.monotonic() + WITHIN_S
    while (count := await _count_running(url)) != running:
        assert time.monotonic() < ends_at_s, f"{count} statements run on the server, not {running}"
        await asyncio.sleep(0.02)


async def _count_running(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval(RUNNING)
        return count
    finally:
        await connection.close()
