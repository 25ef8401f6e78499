"""The embedded engine: one writer with group commit, separate readers, and settings that survive a power cut."""

import asyncio
import os
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from shimin.db.compiled import Compiled
from shimin.db.errors import DatabaseFailed, DatabaseNotDurable, DatabaseUrlInvalid
from shimin.db.outbox import write_facts
from shimin.db.sqlite_thread import BUSY_TIMEOUT_MS, ConnectionThread, ThreadSession, run_compiled
from shimin.db.sqlite_writer import GroupWriter
from shimin.db.unit import UNIT_TIMEOUT_S, Database, Reader, Unit, unit_open
from shimin.kit.clock import Clock
from shimin.kit.held import assert_outside_unit

_SCHEME = "sqlite:///"
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
    "PRAGMA journal_size_limit = 67108864",
)
_REQUIRED = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
"""What must read back: 20 power cuts each lost acknowledged rows with synchronous=NORMAL, none with FULL (2)."""


def sqlite_path(url: str) -> Path:
    """Return the file a ``sqlite:///`` address names: three slashes before a relative path, four before an absolute.

    Raises:
        DatabaseUrlInvalid: it names no file.
    """
    path = unquote(url.removeprefix(_SCHEME))
    if not url.startswith(_SCHEME) or not path or path.startswith(":") or path.endswith("/"):
        raise DatabaseUrlInvalid(reason="no file named")
    return Path(path)


def prepare_file(path: Path) -> None:
    """Make sure the file exists and that only its owner can read it.

    Raises:
        DatabaseFailed: the folder or the file cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseFailed(reason=error.strerror or type(error).__name__) from error


def configure_writer(connection: sqlite3.Connection) -> dict[str, str]:
    """Set the durable settings on a connection that writes and read them back.

    Raises:
        DatabaseNotDurable: one of them did not take.
    """
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    _use_write_ahead_log(connection)
    found = read_settings(connection)
    for setting, value in _REQUIRED.items():
        if found[setting] != value:
            raise DatabaseNotDurable(setting=setting, found=found[setting])
    return found


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file's journal; SQLite does not wait for other processes here, so the waiting is ours."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def read_settings(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the settings durability and integrity rest on, as the connection has them."""
    return {setting: str(connection.execute(f"PRAGMA {setting}").fetchone()[0]) for setting in _REQUIRED}


def _configure_reader(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA mmap_size = 268435456")
    connection.execute("PRAGMA query_only = ON")


class SqliteDatabase(Database):
    """One file, one writing process (others may read, and wait their turn to write)."""

    engine = "sqlite"

    def __init__(self, path: Path, writer: GroupWriter, readers: list[ConnectionThread], clock: Clock) -> None:
        """Use ``open_sqlite``; it prepares what is passed here."""
        super().__init__()
        self.path = path
        self._writer = writer
        self._readers = readers
        self._free = deque(readers)
        self._waiting: deque[asyncio.Future[ConnectionThread]] = deque()
        self._clock = clock

    @asynccontextmanager
    async def unit(self, *, timeout_s: float = UNIT_TIMEOUT_S) -> AsyncIterator[Unit]:
        """Open a transaction (see ``Database.unit``)."""
        assert_outside_unit("open another unit")
        unit = Unit(await self._writer.enter(timeout_s), "sqlite", self._clock)
        try:
            async with unit_open(unit, timeout_s):
                yield unit
                await write_facts(unit)
        except Exception:
            await self._writer.undo()
            raise
        except BaseException:
            await self._writer.undo(is_told=False)
            raise
        await self._writer.leave()
        self._committed(unit)

    @asynccontextmanager
    async def reader(self, *, snapshot: bool = False) -> AsyncIterator[Reader]:
        """Open a reading connection (see ``Database.reader``)."""
        thread = await self._take_reader()
        try:
            if snapshot:
                await thread.call(lambda connection: connection.execute("BEGIN"))
            reader = Reader(ThreadSession(thread), "sqlite")
            try:
                yield reader
            finally:
                reader.end()
                if snapshot:
                    await asyncio.shield(thread.call(_end_snapshot))
        finally:
            self._give_back(thread)

    async def read_compiled(self, compiled: Compiled, values: Sequence[object]) -> Sequence[bytes]:
        """Read on a reader's thread (see ``Database.read_compiled``)."""
        thread = await self._take_reader()
        try:
            return await thread.call(lambda connection: run_compiled(connection, compiled, values))
        finally:
            self._give_back(thread)

    async def durability(self) -> Mapping[str, str]:
        """Return the write connection's settings."""
        return await self._writer.run_alone(read_settings)

    async def close(self) -> None:
        """Wait for the writer and release every connection; the last one folds the log into the file."""
        for thread in self._readers:
            await thread.close()
        await self._writer.close()

    async def _take_reader(self) -> ConnectionThread:
        if self._free:
            return self._free.pop()
        waiting: asyncio.Future[ConnectionThread] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._give_back(waiting.result())
            raise

    def _give_back(self, thread: ConnectionThread) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(thread)
                return
        self._free.append(thread)


def _end_snapshot(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


async def open_sqlite(url: str, *, readers: int, clock: Clock) -> SqliteDatabase:
    """Open the file, creating it where there is none, and assert its durable settings.

    Raises:
        DatabaseUrlInvalid, DatabaseFailed, DatabaseLocked, DatabaseNotDurable: see each.
    """
    path = sqlite_path(url)
    prepare_file(path)
    thread = ConnectionThread(str(path), "shimin-db-writer")
    try:
        await thread.call(configure_writer)
        threads = [ConnectionThread(str(path), f"shimin-db-reader-{number}") for number in range(readers)]
        for reader in threads:
            await reader.call(_configure_reader)
    except BaseException:
        await thread.close()
        raise
    return SqliteDatabase(path, GroupWriter(thread), threads, clock)
