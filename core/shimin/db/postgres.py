"""The production engine: PostgreSQL through two pools of our own, one that writes and one that cannot."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shimin.db.binding import check_args
from shimin.db.compiled import Compiled, NoAnswer
from shimin.db.errors import (
    ConstraintBroken,
    ConstraintKind,
    DatabaseBusy,
    DatabaseFailed,
    DatabaseUnreachable,
    DatabaseUrlInvalid,
)
from shimin.db.lanes import BATCH_MAX, LANES_MAX, Lanes
from shimin.db.outbox import write_facts
from shimin.db.unit import UNIT_TIMEOUT_S, Database, Reader, Unit, unit_open
from shimin.kit.clock import Clock
from shimin.kit.held import assert_outside_unit

Connection: TypeAlias = PoolConnectionProxy
CONNECT_TIMEOUT_S = 5.0
CLEANUP_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_MS = 30_000
ABANDONED_STATEMENT_MS = 1_000
"""How long the server goes on with a statement whose connection has gone (PostgreSQL 14 and later)."""
READER_RETRIES = 3
_SETTINGS = {
    "application_name": "shimin",
    "timezone": "UTC",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(STATEMENT_TIMEOUT_MS),
    "client_connection_check_interval": str(ABANDONED_STATEMENT_MS),
}
READ_ONLY = {"default_transaction_read_only": "on"}
_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_KINDS: dict[str, ConstraintKind] = {
    "23505": "unique",
    "23P01": "unique",
    "23503": "foreign_key",
    "23502": "not_null",
    "23514": "check",
}
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was told of its end while nobody was listening
)
"""What a statement raises when the server, or this connection to it, has gone."""


def place_of(url: str) -> str:
    """Return ``host:port/name`` of an address, never its account or password.

    Raises:
        DatabaseUrlInvalid: it is not an address of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "local socket", parts.port or 5432
    except ValueError:
        raise DatabaseUrlInvalid(reason="host or port") from None
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise DatabaseUrlInvalid(reason="no database named")
    return f"{host}:{port}{parts.path}"


def _reason(error: BaseException) -> str:
    """Name an error without its text, which may repeat what was in the address."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__


def translate(error: Exception, where: str) -> Exception:
    """Return what callers see for an engine's error: a refusal, a broken constraint, or the error itself (a bug)."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        kind = _KINDS.get(error.sqlstate, "other")
        return ConstraintBroken(kind, error.constraint_name or error.column_name or _reason(error))
    if isinstance(error, asyncpg.QueryCanceledError | asyncpg.LockNotAvailableError):
        return DatabaseBusy()
    if isinstance(error, asyncpg.TransactionRollbackError | asyncpg.InsufficientResourcesError):
        return DatabaseFailed(reason=_reason(error))
    if isinstance(error, _LOST):
        return DatabaseUnreachable(where=where, reason=_reason(error))
    return error


class PostgresSession:
    """An acquired connection as the ORM, a unit and a reader use it."""

    def __init__(self, connection: Any, where: str) -> None:
        """Speak through a connection that somebody else releases."""
        self.connection = connection
        self._where = where

    async def fetch(self, sql: str, args: Sequence[object]) -> list[dict[str, Any]]:
        """Run one statement and return its rows."""
        check_args(args)
        try:
            rows = await self.connection.fetch(sql, *args)
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            raise self._seen(error) from None
        return [dict(row) for row in rows]

    async def execute(self, sql: str, args: Sequence[object]) -> int:
        """Run one statement and return how many rows it touched."""
        check_args(args)
        try:
            status: str = await self.connection.execute(sql, *args)
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            raise self._seen(error) from None
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def run_many(self, sql: str, many: Sequence[Sequence[object]]) -> None:
        """Run one statement with each of many sets of values, in one round trip."""
        try:
            await self.connection.executemany(sql, many)
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            raise self._seen(error) from None

    async def run_script(self, sql: str) -> None:
        """Run several statements without values."""
        try:
            await self.connection.execute(sql)
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            raise self._seen(error) from None

    def _seen(self, error: Exception) -> Exception:
        """Return what callers see; the server's own text is left behind, since it repeats values of rows."""
        if isinstance(error, asyncpg.DataError):
            return ValueError(str(error).partition(":")[0])  # "invalid input for query argument $3"
        if isinstance(error, asyncpg.InterfaceError) and not self._is_lost():
            misuse: Exception = error
            return misuse
        return translate(error, self._where)

    def _is_lost(self) -> bool:
        try:
            return bool(self.connection.is_closed())
        except asyncpg.InterfaceError:  # the driver has already taken it back
            return True


class _ReaderSession(PostgresSession):
    """A reading connection that is replaced when it turns out stale: a read has changed nothing and can be repeated."""

    def __init__(
        self, connection: Connection, where: str, another: Callable[[Connection], Awaitable[Connection]]
    ) -> None:
        super().__init__(connection, where)
        self._another = another
        self._may_change = True

    def keep(self) -> None:
        """Stay with this connection: it holds a snapshot."""
        self._may_change = False

    async def fetch(self, sql: str, args: Sequence[object]) -> list[dict[str, Any]]:
        for _ in range(READER_RETRIES):
            try:
                return await super().fetch(sql, args)
            except DatabaseUnreachable:
                if not self._may_change:
                    raise
                self.connection = await self._another(self.connection)
        return await super().fetch(sql, args)


class PostgresDatabase(Database):
    """A server, spoken to through a pool for units and a pool for readers."""

    engine = "postgres"

    def __init__(self, where: str, writers: asyncpg.Pool, readers: asyncpg.Pool, lanes: Lanes, clock: Clock) -> None:
        """Use ``open_postgres``; it prepares what is passed here."""
        super().__init__()
        self.lanes = lanes
        self._where = where
        self._writers = writers
        self._readers = readers
        self._clock = clock

    @asynccontextmanager
    async def unit(self, *, timeout_s: float = UNIT_TIMEOUT_S) -> AsyncIterator[Unit]:
        """Open a transaction (see ``Database.unit``)."""
        assert_outside_unit("open another unit")
        connection = await self._begin(timeout_s)
        unit = Unit(PostgresSession(connection, self._where), "postgres", self._clock)
        try:
            try:
                async with unit_open(unit, timeout_s):
                    yield unit
                    await write_facts(unit)
            except BaseException:
                await self._roll_back(connection)
                raise
            await self._commit(connection)
        finally:
            await self._release(self._writers, connection)
        self._committed(unit)

    @asynccontextmanager
    async def reader(self, *, snapshot: bool = False) -> AsyncIterator[Reader]:
        """Open a reading connection (see ``Database.reader``)."""
        session = _ReaderSession(await self._acquire(self._readers, UNIT_TIMEOUT_S), self._where, self._another_reader)
        try:
            if snapshot:
                await session.fetch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
                session.keep()
            reader = Reader(session, "postgres")
            try:
                yield reader
            finally:
                reader.end()
                if snapshot:
                    await self._roll_back(session.connection)
        finally:
            await self._release(self._readers, session.connection)

    async def read_compiled(self, compiled: Compiled, values: Sequence[object]) -> Sequence[bytes]:
        """Read on a lane (see ``Database.read_compiled``)."""
        try:
            return await self.lanes.read(compiled, values)
        except NoAnswer:
            raise
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            raise translate(error, self._where) from None

    async def durability(self) -> Mapping[str, str]:
        """Return the server's settings as they hold for units."""
        connection = await self._acquire(self._writers, UNIT_TIMEOUT_S)
        try:
            session = PostgresSession(connection, self._where)
            rows = await session.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", [list(_DURABLE)])
            return {row["name"]: row["setting"] for row in rows}
        finally:
            await self._release(self._writers, connection)

    async def close(self) -> None:
        """Wait a little for what is running and close every connection."""
        await self.lanes.close()
        for pool in (self._readers, self._writers):
            try:
                async with asyncio.timeout(CLEANUP_TIMEOUT_S * 5):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    async def _begin(self, timeout_s: float) -> Connection:
        """Return a connection with an open transaction.

        A connection whose server process was killed is found out only by its first statement. Nothing has
        happened by then, so the next connection is tried, once for each that could be stale and once more.
        """
        attempts = self._writers.get_max_size() + 1
        for attempt in range(1, attempts + 1):
            connection = await self._acquire(self._writers, timeout_s)
            try:
                await connection.execute("BEGIN")
            except BaseException as error:
                _drop(connection)
                await self._release(self._writers, connection)
                if not isinstance(error, _LOST):
                    raise
                if attempt == attempts:
                    raise translate(error, self._where) from None
            else:
                return connection
        raise AssertionError  # not reached: the last attempt returns or raises

    async def _acquire(self, pool: asyncpg.Pool, timeout_s: float) -> Connection:
        try:
            async with asyncio.timeout(timeout_s):  # the pool's own limit would make a task of each acquisition
                return await pool.acquire()
        except TimeoutError as error:
            raise DatabaseBusy from error
        except (*_LOST, asyncpg.PostgresError) as error:
            raise DatabaseUnreachable(where=self._where, reason=_reason(error)) from None

    async def _another_reader(self, lost: Connection) -> Connection:
        """Return a connection in place of one that turned out to be gone."""
        _drop(lost)
        await self._release(self._readers, lost)
        return await self._acquire(self._readers, UNIT_TIMEOUT_S)

    async def _commit(self, connection: Connection) -> None:
        committing = asyncio.ensure_future(_commit(connection))
        try:
            status = await asyncio.shield(committing)
        except asyncio.CancelledError:
            # The decision is the server's by now; let it finish so that the connection is clean.
            await asyncio.wait([committing], timeout=CLEANUP_TIMEOUT_S)
            raise
        except Exception as error:  # noqa: BLE001 - every error goes on, as callers know it
            _drop(connection)
            raise translate(error, self._where) from None
        if status != "COMMIT":
            # A statement failed, the block swallowed the error, and the server turned the commit into a rollback.
            raise DatabaseFailed(reason="a statement of the unit had failed")

    async def _roll_back(self, connection: Connection) -> None:
        undoing = asyncio.ensure_future(_roll_back_or_drop(connection))
        await asyncio.shield(undoing)

    @staticmethod
    async def _release(pool: asyncpg.Pool, connection: Connection) -> None:
        # A server that has just taken a statement in may miss that it is to be stopped. The driver then closes the
        # connection, and who stopped the statement need not hear of it.
        with contextlib.suppress(TimeoutError):
            await pool.release(connection, timeout=CLEANUP_TIMEOUT_S)  # shields itself


async def _commit(connection: Connection) -> str:
    status: str = await connection.execute("COMMIT")
    return status


async def _roll_back_or_drop(connection: Connection) -> None:
    """Undo the open transaction; a connection that cannot even do that is thrown away (the server then undoes it)."""
    try:
        await connection.execute("ROLLBACK", timeout=CLEANUP_TIMEOUT_S)
    except Exception:  # noqa: BLE001 - whatever went wrong, the answer is the same
        _drop(connection)


def _drop(connection: Connection) -> None:
    """Throw a connection away; one that the driver has already taken back after losing it is no matter."""
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _keep_session(connection: Connection) -> None:
    """Leave the connection as it is: units and readers cannot change its session, so no round trip is spent."""


async def connect(url: str) -> asyncpg.Connection:
    """Open one plain connection without time limits on statements, for migrations.

    Raises:
        DatabaseUrlInvalid, DatabaseUnreachable: the password is in neither.
    """
    where = place_of(url)
    try:
        return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, server_settings={"timezone": "UTC"})
    except (*_LOST, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(where=where, reason=_reason(error)) from None


async def open_postgres(
    url: str, *, pool_size: int, readers: int, clock: Clock, batch_max: int = BATCH_MAX
) -> PostgresDatabase:
    """Open both pools and prove that the server answers.

    Raises:
        DatabaseUrlInvalid, DatabaseUnreachable: the password is in neither.
    """
    where = place_of(url)

    async def open_pool(size: int, settings: Mapping[str, str]) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            timeout=CONNECT_TIMEOUT_S,
            reset=_keep_session,
            server_settings={**_SETTINGS, **settings},
        )

    async def connect_lane() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, server_settings={**_SETTINGS, **READ_ONLY}, statement_cache_size=0
        )
        # What comes from a lane is sent on as it is: decoding and encoding it again would be wasted.
        await connection.set_type_codec("text", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")
        return connection

    try:
        writers = await open_pool(pool_size, {})
        reading = await open_pool(readers, READ_ONLY)
    except (*_LOST, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(where=where, reason=_reason(error)) from None
    lanes = Lanes(
        connect_lane, lanes_max=readers if batch_max == 1 else min(readers, LANES_MAX), lost=_LOST, batch_max=batch_max
    )
    return PostgresDatabase(where, writers, reading, lanes, clock)
