"""One SQLite connection on one thread of its own: jobs run in order, and a job nobody waits for is stopped."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from shimin.db.binding import register_sqlite_converters, to_sqlite_args, to_sqlite_sql
from shimin.db.compiled import Compiled, NoAnswer
from shimin.db.errors import ConstraintBroken, ConstraintKind, DatabaseFailed, DatabaseLocked

T = TypeVar("T")
BUSY_TIMEOUT_MS = 4000
"""How long a statement waits for a lock that another process holds."""

_KINDS: dict[str, ConstraintKind] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign_key",
    "SQLITE_CONSTRAINT_NOTNULL": "not_null",
    "SQLITE_CONSTRAINT_CHECK": "check",
}
_ENVIRONMENT = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_INTERRUPT")


def translate(error: sqlite3.Error) -> Exception:
    """Return what callers see for an engine's error: a refusal, a broken constraint, or the error itself (a bug)."""
    name = getattr(error, "sqlite_errorname", "")
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintBroken(_KINDS.get(name, "other"), str(error).partition("failed: ")[2] or str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked()
    if name.startswith(_ENVIRONMENT):
        return DatabaseFailed(reason=name)
    return error


class _Job(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    work: Callable[[sqlite3.Connection], Any]


class ConnectionThread:
    """Runs functions of a connection one after another, off the event loop."""

    def __init__(self, path: str, name: str) -> None:
        """Start the thread; the connection is opened by the first job."""
        self._path = path
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._current: _Job | None = None
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the thread; if the caller stops waiting, the running statement is interrupted."""
        loop = asyncio.get_running_loop()
        job = _Job(loop, loop.create_future(), work)
        self._jobs.put(job)
        try:
            result: T = await job.future
        except asyncio.CancelledError:
            # Only while this very job runs: an interrupt that came late would hit the clean-up after it.
            with self._lock:
                if self._current is job and self._connection is not None:
                    self._connection.interrupt()
            raise
        except sqlite3.Error as error:
            translated = translate(error)
            if translated is error:
                raise
            raise translated from error
        return result

    async def close(self) -> None:
        """Finish the jobs already queued, close the connection and end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _open(self) -> sqlite3.Connection:
        register_sqlite_converters()
        return sqlite3.connect(
            self._path,
            isolation_level=None,
            check_same_thread=False,  # interrupt() alone is called from the event loop's thread
            detect_types=sqlite3.PARSE_DECLTYPES,
            timeout=BUSY_TIMEOUT_MS / 1000,
            cached_statements=512,
        )

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.future.cancelled():
                continue
            with self._lock:
                self._current = job
            try:
                if self._connection is None:
                    self._connection = self._open()
                result, error = job.work(self._connection), None
            except BaseException as caught:  # noqa: BLE001 - it is raised again where the job was given
                result, error = None, caught
            finally:
                with self._lock:
                    self._current = None
            _answer(job, result, error)
        if self._connection is not None:
            self._connection.close()


def _answer(job: _Job, result: object, error: BaseException | None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    if not job.loop.is_closed():
        job.loop.call_soon_threadsafe(settle)


def fetch_rows(connection: sqlite3.Connection, sql: str, args: Sequence[object]) -> list[dict[str, Any]]:
    """Run one statement and return its rows."""
    cursor = connection.execute(to_sqlite_sql(sql), to_sqlite_args(args))
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run_compiled(connection: sqlite3.Connection, compiled: Compiled, values: Sequence[object]) -> Sequence[bytes]:
    """Return the texts of a compiled statement for these values.

    Raises:
        NoAnswer: the statement has no right answer for them.
    """
    try:
        found: Sequence[str] = connection.execute(compiled.single, to_sqlite_args(values)).fetchone()
    except sqlite3.OperationalError as error:
        if error.args == ("malformed JSON",):
            raise NoAnswer from None
        raise
    return [text.encode() for text in found]


def execute(connection: sqlite3.Connection, sql: str, args: Sequence[object]) -> int:
    """Run one statement and return how many rows it touched."""
    cursor = connection.execute(to_sqlite_sql(sql), to_sqlite_args(args))
    if cursor.description is None:
        return max(cursor.rowcount, 0)
    rows = cursor.fetchall()  # a statement with RETURNING is finished only when its rows were read
    return max(cursor.rowcount, len(rows))


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run several statements inside the open transaction (``executescript`` would commit it first)."""
    statement = ""
    for piece in script.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n\t;"):
                connection.execute(statement)
            statement = ""
    if statement.strip(" \n\t;"):
        connection.execute(statement)


class ThreadSession:
    """A connection thread as the ORM, a unit and a reader use it."""

    def __init__(
        self, thread: ConnectionThread, before: Callable[[sqlite3.Connection], None] = lambda _connection: None
    ) -> None:
        """Speak through the thread.

        Args:
            thread: runs the statements.
            before: called on the thread before each statement.
        """
        self._thread = thread
        self._before = before

    async def fetch(self, sql: str, args: Sequence[object]) -> list[dict[str, Any]]:
        """Run one statement and return its rows."""

        def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            self._before(connection)
            return fetch_rows(connection, sql, args)

        return await self._thread.call(work)

    async def execute(self, sql: str, args: Sequence[object]) -> int:
        """Run one statement and return how many rows it touched."""

        def work(connection: sqlite3.Connection) -> int:
            self._before(connection)
            return execute(connection, sql, args)

        return await self._thread.call(work)

    async def run_many(self, sql: str, many: Sequence[Sequence[object]]) -> None:
        """Run one statement with each of many sets of values."""
        prepared = [to_sqlite_args(args) for args in many]

        def work(connection: sqlite3.Connection) -> None:
            self._before(connection)
            connection.executemany(to_sqlite_sql(sql), prepared)

        await self._thread.call(work)

    async def run_script(self, sql: str) -> None:
        """Run several statements without values."""

        def work(connection: sqlite3.Connection) -> None:
            self._before(connection)
            run_script(connection, sql)

        await self._thread.call(work)
