"""Compiled reads on PostgreSQL: a few connections of their own, and one round trip for all who wait for the same.

A lane is a connection that keeps its prepared statements. Those who ask in one turn of the event loop, and those who
come while every lane is busy, go together if they ask for the same. There is no timer: alone nobody waits, and the
busier the lanes, the larger the batches.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from shimin.db.compiled import Compiled, NoAnswer

BATCH_MAX = 32
LANES_MAX = 4
"""Lanes where callers share round trips: more make smaller batches, and a process of one core keeps this many busy."""
PREPARED_MAX = 500
"""Statements kept prepared on a lane; the longest kept goes first."""
STOP_TIMEOUT_S = 2.0
"""How long a lane waits for the server to stop a statement before it takes another connection."""
Values = Sequence[object]
Texts = Sequence[bytes]
Lost = tuple[type[Exception], ...]

_BROKEN = (asyncpg.InvalidTextRepresentationError, asyncpg.UntranslatableCharacterError)
"""How a statement says that a row has no place in it: ``PostgresDialect.broken``, or a NUL in a document's text."""


class Lane:
    """One connection with its prepared statements."""

    def __init__(self, connection: Any) -> None:
        """Use a connection that stays with this lane."""
        self.connection = connection
        self._prepared: dict[str, Any] = {}
        self._names = 0

    async def single(self, compiled: Compiled, values: Values) -> Texts:
        """Return the texts for one caller."""
        statement = self._prepared.get(compiled.single) or await self._prepare(compiled.single)
        row: Texts = await self._stoppable(statement.fetchrow(*values))
        return row

    async def many(self, compiled: Compiled, asked: Sequence[Values]) -> list[Texts]:
        """Return the texts for each of several callers, in their order."""
        statement = self._prepared.get(compiled.many) or await self._prepare(compiled.many)
        answers: list[Texts] = [()] * len(asked)
        for row in await self._stoppable(statement.fetch(*map(list, zip(*asked, strict=True)))):
            answers[row[0] - 1] = row[1:]
        return answers

    async def _stoppable(self, asking: Awaitable[Any]) -> Any:
        """Wait for an answer; who stops waiting leaves a lane that others can use."""
        try:
            return await asking
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.ensure_future(self._settle()))
            raise

    async def _settle(self) -> None:
        """Wait until the server has stopped a statement; one that missed the word loses the connection."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.connection.execute("SELECT")  # the driver sends it once the statement has stopped
        except Exception:  # noqa: BLE001 - whatever went wrong, the answer is the same
            self.connection.terminate()

    async def _prepare(self, sql: str) -> Any:
        while len(self._prepared) >= PREPARED_MAX:
            del self._prepared[next(iter(self._prepared))]
        # Named: the server would parse and plan an unnamed statement anew at every use.
        self._names += 1
        statement = self._prepared[sql] = await self.connection.prepare(sql, name=f"compiled_{self._names}")
        return statement


class _Waiting:
    """Somebody who waits for a lane."""

    __slots__ = ("answer", "compiled", "values")

    def __init__(self, compiled: Compiled, values: Values) -> None:
        self.compiled = compiled
        self.values = values
        self.answer: asyncio.Future[Texts] = asyncio.get_running_loop().create_future()


class Lanes:
    """All lanes of a process."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        *,
        lanes_max: int,
        lost: Lost,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """Open lanes as they are needed.

        Args:
            connect: opens a connection that can only read.
            lanes_max: how many at most.
            lost: what a statement raises when its connection has gone.
            batch_max: callers answered by one statement; 1 turns batching off.
        """
        self._connect = connect
        self._lanes_max = lanes_max
        self._lost = lost
        self._batch_max = batch_max
        self._open = 0
        self._is_gathering = False
        self._free: list[Lane] = []
        self._waiting: deque[_Waiting] = deque()
        self._driving: set[asyncio.Task[None]] = set()
        self.statements = 0
        """Round trips so far, and below how many callers they answered: for measurements."""
        self.answered = 0

    async def read(self, compiled: Compiled, values: Values) -> Texts:
        """Return the texts of a statement for these values; who stops waiting stops the statement.

        Raises:
            NoAnswer: the statement has no right answer for them.
        """
        if self._batch_max > 1:
            return await self._together(compiled, values)
        lane = self._free.pop() if self._free else None
        if lane is None:
            if self._open >= self._lanes_max:
                waiting = _Waiting(compiled, values)
                self._waiting.append(waiting)
                return await waiting.answer
            lane = await self._another()
        try:
            return await self._one(lane, compiled, values)
        finally:
            self._done(lane)

    async def _together(self, compiled: Compiled, values: Values) -> Texts:
        """Wait until everybody who asks in this turn of the event loop has asked, then go with them.

        A lane taken by the first of them would leave the others waiting for its answer: batches of one and of many by
        turns. The turn ends by itself; there is no timer.
        """
        waiting = _Waiting(compiled, values)
        self._waiting.append(waiting)
        if not self._is_gathering:
            self._is_gathering = True
            asyncio.get_running_loop().call_soon(self._send_off)
        return await waiting.answer

    def _send_off(self) -> None:
        """Send those who wait on free lanes, or on a new one while there may be more."""
        self._is_gathering = False
        if not self._waiting:
            return
        if self._free:
            self._drive(self._free.pop())
        elif self._open < self._lanes_max:
            self._drive(None)

    async def close(self) -> None:
        """Finish what runs and close every connection; who still waits is told that the end has come."""
        while self._waiting:
            self._waiting.popleft().answer.cancel()
        if self._driving:
            await asyncio.gather(*self._driving, return_exceptions=True)
        for lane in self._free:
            await lane.connection.close(timeout=2)
        self._free.clear()

    async def _another(self) -> Lane:
        self._open += 1
        try:
            return Lane(await self._connect())
        except BaseException:
            self._open -= 1
            raise

    async def _one(self, lane: Lane, compiled: Compiled, values: Values) -> Texts:
        """Ask for one caller; a connection that turns out to be gone is replaced, since a read can be repeated."""
        self.statements += 1
        self.answered += 1
        try:
            try:
                return await lane.single(compiled, values)
            except self._lost:
                if not lane.connection.is_closed():
                    raise
            lane.__init__(await self._connect())  # type: ignore[misc] # the lane goes on with another connection
            return await lane.single(compiled, values)
        except _BROKEN:
            raise NoAnswer from None

    def _done(self, lane: Lane) -> None:
        """Free a lane, or send it on to those who wait."""
        if lane.connection.is_closed():
            self._open -= 1
            if not self._waiting or self._open:
                return
            self._drive(None)
        elif self._waiting:
            self._drive(lane)
        else:
            self._free.append(lane)

    def _drive(self, lane: Lane | None) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(lane))
        self._driving.add(task)
        task.add_done_callback(self._driving.discard)

    async def _serve(self, lane: Lane | None) -> None:
        """Answer those who wait, batch by batch, until nobody does."""
        if lane is None:
            try:
                lane = await self._another()
            except Exception as error:  # noqa: BLE001 - those who wait hear it, if nobody else can answer them
                if not self._open:
                    self._fail_all(error)
                elif self._free:
                    self._send_off()
                return
        try:
            while batch := self._next_batch():
                if self._waiting:
                    self._send_off()  # they ask for something else, or are more than go together
                await self._answer(lane, batch)
        finally:
            self._done(lane)

    def _fail_all(self, error: Exception) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    def _next_batch(self) -> list[_Waiting]:
        """Take whoever waits longest, and all who wait for the same with them."""
        batch: list[_Waiting] = []
        others: deque[_Waiting] = deque()
        while self._waiting and len(batch) < self._batch_max:
            waiting = self._waiting.popleft()
            if waiting.answer.done():
                continue
            if batch and (waiting.compiled is not batch[0].compiled or not waiting.compiled.many):
                others.append(waiting)
            else:
                batch.append(waiting)
        others.extend(self._waiting)
        self._waiting = others
        return batch

    async def _answer(self, lane: Lane, batch: list[_Waiting]) -> None:
        if len(batch) > 1 and await self._answer_together(lane, batch):
            return
        for waiting in batch:
            if waiting.answer.done():
                continue
            asking = asyncio.ensure_future(self._one(lane, waiting.compiled, waiting.values))
            _stop_when_nobody_waits(asking, [waiting])
            try:
                answer = await asking
            except asyncio.CancelledError:
                if not waiting.answer.done():
                    raise
            except Exception as error:  # noqa: BLE001 - whoever asked hears it
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            else:
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    async def _answer_together(self, lane: Lane, batch: list[_Waiting]) -> bool:
        """Answer a batch by one statement; False where it failed and each is to be asked alone."""
        self.statements += 1
        asking = asyncio.ensure_future(lane.many(batch[0].compiled, [waiting.values for waiting in batch]))
        _stop_when_nobody_waits(asking, batch)
        try:
            answers = await asking
        except asyncio.CancelledError:
            if not all(waiting.answer.done() for waiting in batch):
                raise
            return True
        except Exception:  # noqa: BLE001 - one of them is at fault; each alone finds out which
            return False
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
        self.answered += len(batch)
        return True


def _stop_when_nobody_waits(asking: asyncio.Future[Any], batch: Sequence[_Waiting]) -> None:
    """Cancel the statement once every one who waits for it has left."""

    def left(answer: asyncio.Future[Texts]) -> None:
        if answer.cancelled() and all(waiting.answer.cancelled() for waiting in batch):
            asking.cancel()

    for waiting in batch:
        waiting.answer.add_done_callback(left)
