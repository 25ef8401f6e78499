"""The one writer of an embedded database: units take turns, and many share one commit.

A commit must reach the disk (synchronous=FULL) before anyone is told, and that wait costs the same for one
unit as for fifty. So units run one after another inside one outer transaction, each in a savepoint of its own, and
the transaction is committed as soon as nobody waits for a turn, or it holds ``GROUP_UNITS_MAX`` units, or it is
``GROUP_AGE_MAX_S`` old. Every unit is released after that commit and never before.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from shimin.db.errors import DatabaseBusy, DatabaseFailed
from shimin.db.sqlite_thread import ConnectionThread, ThreadSession

T = TypeVar("T")
GROUP_UNITS_MAX = 64
GROUP_AGE_MAX_S = 0.005
CLOSE_TIMEOUT_S = 60.0
_SAVEPOINT = "unit_of_group"
_LOST = "the shared transaction was rolled back"


class _Group:
    """Units that will be committed together."""

    def __init__(self) -> None:
        self.members: list[asyncio.Future[None]] = []
        self.begun_at = time.monotonic()

    def join(self) -> asyncio.Future[None]:
        """Return what ends when the group is committed, or fails with it."""
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.members.append(outcome)
        return outcome

    def settle(self, error: Exception | None) -> None:
        for member in self.members:
            if member.done():
                continue
            if error is None:
                member.set_result(None)
            else:
                member.set_exception(error)
                # A unit that was cancelled meanwhile never looks at its outcome.
                member.exception()


class _Part:
    """One unit's part of the shared transaction, as the connection's thread sees it."""

    def __init__(self) -> None:
        self._started = False

    def begin(self, connection: sqlite3.Connection) -> None:
        """Start the shared transaction with this unit as its first."""
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"SAVEPOINT {_SAVEPOINT}")
        self._started = True

    def enter(self, connection: sqlite3.Connection) -> None:
        """Make sure, before each statement, that it falls into this unit's savepoint and nowhere else.

        A full disk or an interrupt ends the whole transaction; whatever ran after that would be committed alone.
        """
        if not connection.in_transaction:
            raise DatabaseFailed(reason=_LOST)
        if not self._started:
            connection.execute(f"RELEASE {_SAVEPOINT}")
            connection.execute(f"SAVEPOINT {_SAVEPOINT}")
            self._started = True

    def undo(self, connection: sqlite3.Connection) -> bool:
        """Undo this unit alone; False when the transaction it shared is already gone."""
        if self._started and connection.in_transaction:
            connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
        return connection.in_transaction


class GroupWriter:
    """Hands out turns on the write connection, first come first served."""

    def __init__(self, thread: ConnectionThread) -> None:
        """Write through the thread, which nobody else may use for writing."""
        self._thread = thread
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._busy = False
        self._closed = False
        self._group: _Group | None = None
        self._part = _Part()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.commits = 0
        """How many commits were made; with the number of units it shows the gain."""

    async def enter(self, timeout_s: float) -> ThreadSession:
        """Wait for a turn and start a unit; returns the connection for it, and ``leave`` or ``undo`` must follow.

        Raises:
            DatabaseBusy: no turn came in time.
            DatabaseLocked: another process holds the file.
        """
        await self._take_turn(timeout_s)
        self._part = part = _Part()
        if self._group is not None:
            # The unit's savepoint is made together with its first statement: one hop between threads less.
            return ThreadSession(self._thread, part.enter)
        starting = asyncio.ensure_future(self._thread.call(part.begin))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread may yet begin the transaction; undo it there before the next unit gets the turn.
            self._background(self._give_up(starting))
            raise
        except Exception:
            self._end_turn()
            raise
        self._group = _Group()
        return ThreadSession(self._thread, part.enter)

    async def undo(self, *, is_told: bool = True) -> None:
        """End the unit and undo it alone.

        Args:
            is_told: whether somebody will hear why the unit failed. It may be something the units before it in the
                group wrote, so nobody hears before that is durable: who is told "already paid" stops trying.

        Raises:
            DatabaseFailed: the commit of the units before it failed; what the unit saw of them is gone.
        """
        before = await asyncio.shield(self._background(self._undo_unit()))
        if is_told and before is not None:
            await before

    async def leave(self) -> None:
        """End the unit: share the next commit and wait for it.

        Raises:
            DatabaseFailed: the commit failed; nothing of the group was written.
        """
        group = self._group
        if group is None:
            self._end_turn()
            raise DatabaseFailed(reason=_LOST)
        outcome = group.join()
        self._end_turn()
        await outcome

    async def close(self) -> None:
        """Wait for the running unit and commits, refuse those that wait, then end the thread."""
        if self._closed:
            return
        await self._take_turn(CLOSE_TIMEOUT_S)
        self._closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(DatabaseFailed(reason="closing"))
        self._end_turn()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._thread.close()

    async def run_alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the connection between two groups (start-up checks)."""
        await self._take_turn(CLOSE_TIMEOUT_S)
        try:
            return await self._thread.call(work)
        finally:
            self._end_turn()

    async def _take_turn(self, timeout_s: float) -> None:
        if self._closed:
            raise DatabaseFailed(reason="closed")
        if not self._busy:
            self._busy = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(timeout_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._end_turn()  # the turn came in the same moment: pass it on
            if isinstance(error, TimeoutError):
                raise DatabaseBusy from error
            raise

    def _end_turn(self) -> None:
        """Commit the group if it is time, then let the next unit in."""
        group = self._group
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        full = group is not None and (
            len(group.members) >= GROUP_UNITS_MAX or time.monotonic() - group.begun_at >= GROUP_AGE_MAX_S
        )
        if group is not None and (full or not self._waiting):
            self._background(self._commit(group))
        elif self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._busy = False

    async def _commit(self, group: _Group) -> None:
        self._group = None
        try:
            await self._thread.call(_commit_or_roll_back)
        except Exception as error:  # noqa: BLE001 - whatever it was, each unit of the group must hear of it
            failed = error if isinstance(error, DatabaseFailed) else DatabaseFailed(reason=type(error).__name__)
            group.settle(failed)
        else:
            self.commits += 1
            group.settle(None)
        self._end_turn()

    async def _undo_unit(self) -> asyncio.Future[None] | None:
        """Undo the unit that has the turn; returns what ends with the units before it, if there are any."""
        group = self._group
        try:
            if group is None or not group.members:
                self._group = None
                await self._thread.call(_roll_back)
                return None
            if not await self._thread.call(self._part.undo):
                # A full disk or an interrupt ends the whole transaction, not one savepoint: all its units failed.
                self._group = None
                group.settle(DatabaseFailed(reason=_LOST))
                return None
            return group.join()
        finally:
            self._end_turn()

    async def _give_up(self, starting: asyncio.Future[None]) -> None:
        await asyncio.wait([starting])
        await self._undo_unit()

    def _background(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _commit_or_roll_back(connection: sqlite3.Connection) -> None:
    if not connection.in_transaction:
        raise DatabaseFailed(reason=_LOST)
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
