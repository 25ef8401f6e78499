"""What domains are written against: a reader, a unit (one transaction) and the database that opens them."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

from tortoise.backends.base.client import BaseDBAsyncClient

from shimin.db.binding import check_args
from shimin.db.compiled import Compiled
from shimin.db.errors import UnitTimedOut
from shimin.db.orm import OrmClient, Session
from shimin.kit.clock import Clock
from shimin.kit.fact import Fact
from shimin.kit.held import UNIT_HELD

Engine = Literal["sqlite", "postgres"]
Row = Mapping[str, Any]
UNIT_TIMEOUT_S = 5.0
_FORBIDDEN = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(begin|start|commit|end|rollback|abort|savepoint|release|pragma|attach|detach|vacuum|listen|unlisten|reset|"
    r"discard|set(?!\s+(local|constraints)\b))\b",
    re.IGNORECASE | re.DOTALL,
)
"""First words that would take the transaction out of the unit's hands or outlive it on the connection."""


class Reader:
    """A connection that reads; each statement by itself sees one consistent state."""

    engine: Engine
    orm: BaseDBAsyncClient
    """Hand it to the ORM: ``Model.filter(…).using_db(reader.orm)``, ``Model.create(…, using_db=unit.orm)``."""

    def __init__(self, session: Session, engine: Engine) -> None:
        """Read through a connection that somebody else opened and will close."""
        self.engine = engine
        self._client = OrmClient(session, engine)
        self.orm = self._client

    def end(self) -> None:
        """Take no more statements (engines' code only)."""
        self._client.end()

    async def fetch(self, sql: str, *args: object) -> list[Row]:
        """Return all rows of a statement.

        Args:
            sql: one statement with ``$1``-style placeholders, on both engines.
            args: str, int, float, bool, bytes, aware datetime or None.

        Raises:
            ConstraintBroken: it writes, and what it writes breaks a constraint.
        """
        _check(sql, args)
        return list(await self._client.fetch(sql, args))

    async def fetch_one(self, sql: str, *args: object) -> Row | None:
        """Return the first row, or None."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        rows = await self.fetch(sql, *args)
        return next(iter(rows[0].values())) if rows else None


class Unit(Reader):
    """One transaction: all of it happens, or nothing; opened at an edge only."""

    def __init__(self, session: Session, engine: Engine, clock: Clock) -> None:
        """Write through a transaction that the database opened and will end."""
        super().__init__(session, engine)
        self.facts: list[Fact] = []
        """What was emitted so far; written to the outbox as the last thing before the commit."""
        self.clock = clock
        self.is_open = True
        self._savepoints = 0

    def end(self) -> None:
        """Take no more statements (engines' code only)."""
        self.is_open = False
        super().end()

    async def execute(self, sql: str, *args: object) -> int:
        """Run a statement that writes; return how many rows it touched.

        Raises:
            ConstraintBroken: what it writes breaks a constraint.
        """
        _check(sql, args)
        return await self._client.execute(sql, args)

    async def emit(self, fact: Fact) -> None:
        """Write the fact to the outbox in this transaction.

        All facts of a unit are written together just before it commits, so that the order in which facts
        of one key are numbered is the order in which their units commit.
        """
        fact.to_payload()  # a fact that cannot be written is found here, where the mistake is
        self.facts.append(fact)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo just this part when it raises; what the unit did before stays and the unit goes on."""
        self._savepoints += 1
        name, facts_before = f"part_{self._savepoints}", len(self.facts)
        await self._client.execute(f"SAVEPOINT {name}", ())
        try:
            yield
        except BaseException:
            del self.facts[facts_before:]
            await asyncio.shield(self._client.execute_script(f"ROLLBACK TO {name}; RELEASE {name}"))
            raise
        await self._client.execute(f"RELEASE {name}", ())


def _check(sql: str, args: Sequence[object]) -> None:
    found = _FORBIDDEN.match(sql)
    if found:
        message = f"{found[1].upper()} belongs to the unit; use unit.savepoint() for a part that may fail"
        raise AssertionError(message)
    check_args(args)


class Database(ABC):
    """Opens units and readers; one per process and database."""

    engine: Engine

    def __init__(self) -> None:
        """Start with nobody listening for commits."""
        self._on_commit: list[Callable[[], None]] = []

    @abstractmethod
    def unit(self, *, timeout_s: float = UNIT_TIMEOUT_S) -> AbstractAsyncContextManager[Unit]:
        """Open a transaction: committed when the block ends, rolled back when it raises or is cancelled.

        Args:
            timeout_s: seconds the block may hold the transaction, and seconds to wait for a turn.

        Raises:
            DatabaseBusy: no turn came in time; DatabaseLocked: another process holds the file;
            DatabaseUnreachable, DatabaseFailed: the database is gone or could not commit; nothing was written,
            except that a server lost during its COMMIT may or may not have committed (ask again by id).
            UnitTimedOut: the block held the transaction too long.
            UnitHeldDuringIo: a unit is already open here.
        """

    @abstractmethod
    def reader(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Reader]:
        """Open a connection that can only read.

        Args:
            snapshot: all statements of the block see the state at its first one.
        """

    @abstractmethod
    async def read_compiled(self, compiled: Compiled, values: Sequence[object]) -> Sequence[bytes]:
        """Return the texts, in UTF-8, that a compiled statement works out for these values.

        Those who ask for the same at the same moment may share a round trip. Who stops waiting stops the statement,
        unless others wait for it.

        Raises:
            NoAnswer: the statement has no right answer for these values.
            DatabaseUnreachable, DatabaseFailed, DatabaseBusy: see each.
        """

    @abstractmethod
    async def durability(self) -> Mapping[str, str]:
        """Return the engine's settings on which durability rests, as it reports them now."""

    @abstractmethod
    async def close(self) -> None:
        """Wait for what is running and release every connection."""

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each commit that wrote facts; returns the function that stops it."""
        self._on_commit.append(listener)

        def stop() -> None:
            if listener in self._on_commit:
                self._on_commit.remove(listener)

        return stop

    def _committed(self, unit: Unit) -> None:
        if unit.facts:
            for listener in tuple(self._on_commit):
                listener()


@asynccontextmanager
async def unit_open(unit: Unit, timeout_s: float) -> AsyncIterator[None]:
    """Mark the unit as the one open here, and hold its block to the time limit (engines' code only)."""
    token = UNIT_HELD.set(unit)
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if limit.expired():
            message = f"a unit was held for more than {timeout_s} s and was rolled back"
            raise UnitTimedOut(message) from error
        raise
    finally:
        unit.end()
        UNIT_HELD.reset(token)
