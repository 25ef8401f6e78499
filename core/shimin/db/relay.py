"""Delivers facts from the outbox: at least once, in order per key, several relays side by side.

A relay leases the first open fact of each key, runs its handlers outside any unit, and settles the outcome together
with the next lease in one transaction. A relay that dies leaves its leases to run out, and another takes over.
A fact that keeps failing is set aside as dead after ``attempts_max`` tries: it is kept, listed and can be revived,
and the facts behind it go on.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import orjson

from shimin.db.unit import Database, Reader, Row, Unit
from shimin.kit.clock import Clock
from shimin.kit.fact import Fact
from shimin.kit.ids import new_id

Handler: TypeAlias = Callable[[str, Fact], Awaitable[None]]
"""Reacts to a fact: ``async def handler(fact_id, fact)``; it may be called again for the same ``fact_id``."""

ERROR_CHARS_MAX = 500
DEFER_S = 30.0
"""How long a fact that only a newer version of the program understands is left for that version."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """How hard a relay tries, and for how long it keeps what is done."""

    concurrency: int = 32
    """Facts handled at once, each of another key."""
    poll_s: float = 0.2
    """Longest wait before looking for facts that other processes wrote."""
    handler_timeout_s: float = 30.0
    lease_s: float = 60.0
    attempts_max: int = 12
    backoff_base_s: float = 0.5
    backoff_max_s: float = 300.0
    retention_s: float = 7 * 24 * 3600.0
    prune_every_s: float = 60.0
    prune_rows: int = 5000

    def __post_init__(self) -> None:
        """Refuse a lease that could run out while its handler is still allowed to run."""
        if self.lease_s <= self.handler_timeout_s + 5:
            message = "a lease must outlast its handler's time limit by more than 5 seconds"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class _Lease:
    seq: int
    fact_id: str
    name: str
    version: int
    payload: str
    attempts: int
    owner: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    lease: _Lease
    state: str
    """done, dead, or open again (to be tried at ``due_at``)."""
    due_at: datetime
    error: str | None = None
    counted: bool = True


# The first open fact of each key, if it is due and nobody holds it. FOR UPDATE SKIP LOCKED lets several relays look
# at once without waiting for each other; on SQLite the one writer makes it unnecessary, and it is left out.
_CLAIMABLE = """
o.state = 'open' AND o.due_at <= $1 AND (o.leased_until IS NULL OR o.leased_until < $1)
AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.state = 'open' AND p.key = o.key AND p.seq < o.seq)
"""
_CLAIM = f"""
UPDATE outbox SET lease_owner = $2, leased_until = $3, attempts = attempts + 1
WHERE seq IN (SELECT o.seq FROM outbox o WHERE {_CLAIMABLE} ORDER BY o.seq LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING seq, id, name, version, payload, attempts
"""  # noqa: S608 - constants of this file
_SETTLE = """
UPDATE outbox SET state = $1, due_at = $2, done_at = $3, last_error = $4, attempts = attempts - $5,
    lease_owner = NULL, leased_until = NULL
WHERE seq = $6 AND lease_owner = $7 AND state = 'open'
"""


class Relay:
    """Takes facts to their handlers until it is stopped."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Sequence[Handler]],
        clock: Clock,
        *,
        facts: Iterable[type[Fact]] | None = None,
        limits: RelayLimits | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing runs before ``run`` or ``step``.

        Args:
            database: where the outbox is.
            handlers: what to call for a fact, by the fact's name.
            clock: tells when a fact is due.
            facts: the kinds of fact that are understood; by default every kind the program has defined.
            limits: how hard to try.
            jitter: a number from 0 to 1 that spreads retries.
        """
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._kinds = {kind.name: kind for kind in (_all_kinds(Fact) if facts is None else facts)}
        self._limits = limits or RelayLimits()
        self._jitter = jitter
        self._owner = new_id("rel")
        self._turns = 0
        self._wake = asyncio.Event()
        self._outcomes: list[_Outcome] = []
        self._pruned_at: datetime | None = None
        self.delivered = 0
        """Facts delivered so far by this relay."""

    def nudge(self) -> None:
        """Look for facts now instead of at the next poll."""
        self._wake.set()

    async def step(self) -> int:
        """Handle the facts that are due now, once each, and settle them; returns how many were handled."""
        leases = await self._turn(self._limits.concurrency)
        async with asyncio.TaskGroup() as tasks:
            for lease in leases:
                tasks.create_task(self._handle(lease))
        await self._turn(0)
        return len(leases)

    async def run(self) -> None:
        """Deliver facts until cancelled; what is being handled then is finished or tried again by another relay."""
        stop_listening = self._database.on_commit(self.nudge)
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._wake.clear()
                free = self._limits.concurrency - len(running)
                try:
                    leases = await self._turn(free)
                except Exception:  # noqa: BLE001 - a relay outlives whatever the database does
                    # The database is away or busy: facts are safe in it, so wait and look again.
                    _log.exception("the outbox could not be read")
                    leases = []
                    await asyncio.sleep(self._limits.poll_s * (1 + 4 * self._jitter()))
                for lease in leases:
                    task = asyncio.create_task(self._handle(lease))
                    running.add(task)
                    task.add_done_callback(running.discard)
                if not leases and not self._outcomes:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._limits.poll_s):
                            await self._wake.wait()
                elif len(running) >= self._limits.concurrency:
                    await self._wake.wait()
        finally:
            stop_listening()
            await self._stop(running)

    async def _stop(self, running: set[asyncio.Task[None]]) -> None:
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        with contextlib.suppress(Exception):
            await asyncio.shield(self._turn(0))

    async def _turn(self, free: int) -> list[_Lease]:
        """Settle what was handled and lease up to ``free`` facts, in one transaction."""
        outcomes, self._outcomes = self._outcomes, []
        now = self._clock.now()
        prune = self._pruned_at is None or (now - self._pruned_at).total_seconds() >= self._limits.prune_every_s
        if not outcomes and not free:
            return []
        if not outcomes and not prune and not await self._anything_due(now):
            return []
        leases: list[_Lease] = []
        try:
            async with self._database.unit() as unit:
                if outcomes:
                    await self._settle(unit, outcomes, now)
                if free:
                    leases = await self._claim(unit, free, now)
                if prune:
                    await self._prune(unit, now)
        except BaseException:
            self._outcomes = outcomes + self._outcomes
            raise
        self.delivered += sum(outcome.state == "done" for outcome in outcomes)
        self._pruned_at = now if prune else self._pruned_at
        return leases

    async def _anything_due(self, now: datetime) -> bool:
        """Spare the writer when there is nothing to do: an idle relay only reads."""
        async with self._database.reader() as reader:
            found = await reader.fetch(
                f"SELECT 1 FROM outbox o WHERE {_CLAIMABLE} LIMIT 1",  # noqa: S608 - a constant of this file
                now,
            )
        return bool(found)

    async def _claim(self, unit: Unit, free: int, now: datetime) -> list[_Lease]:
        until = now + timedelta(seconds=self._limits.lease_s)
        self._turns += 1
        owner = f"{self._owner}.{self._turns}"  # one name per lease: an outcome cannot settle a later lease
        rows = await unit.fetch(_CLAIM, now, owner, until, free)
        return sorted(
            (
                _Lease(row["seq"], row["id"], row["name"], row["version"], row["payload"], row["attempts"], owner)
                for row in rows
            ),
            key=lambda lease: lease.seq,
        )

    @staticmethod
    async def _settle(unit: Unit, outcomes: Sequence[_Outcome], now: datetime) -> None:
        """Write the outcomes in one round trip; one whose lease ran out meanwhile changes nothing."""
        rows: list[list[object]] = [
            [
                outcome.state,
                outcome.due_at,
                now if outcome.state == "done" else None,
                outcome.error,
                0 if outcome.counted else 1,
                outcome.lease.seq,
                outcome.lease.owner,
            ]
            for outcome in outcomes
        ]
        await unit.orm.execute_many(_SETTLE, rows)

    async def _prune(self, unit: Unit, now: datetime) -> None:
        before = now - timedelta(seconds=self._limits.retention_s)
        await unit.execute(
            "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state = 'done' AND done_at < $1 LIMIT $2)",
            before,
            self._limits.prune_rows,
        )

    async def _handle(self, lease: _Lease) -> None:
        try:
            outcome = await self._outcome(lease)
        except asyncio.CancelledError:
            # Stopping: give the fact back at once instead of letting its lease run out.
            self._outcomes.append(_Outcome(lease, "open", self._clock.now(), "stopped", counted=False))
            raise
        self._outcomes.append(outcome)
        self._wake.set()

    async def _outcome(self, lease: _Lease) -> _Outcome:
        kind = self._kinds.get(lease.name)
        now = self._clock.now()
        if kind is None or lease.version > kind.version:
            later = now + timedelta(seconds=DEFER_S)
            return _Outcome(lease, "open", later, "written by a newer version of the program", counted=False)
        handlers = self._handlers.get(lease.name, ())
        try:
            fact = kind.from_payload(orjson.loads(lease.payload))
            async with asyncio.timeout(self._limits.handler_timeout_s):
                await _call_all(handlers, lease.fact_id, fact)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the fact is tried again
            return self._failed(lease, error)
        return _Outcome(lease, "done", self._clock.now())

    def _failed(self, lease: _Lease, error: Exception) -> _Outcome:
        now = self._clock.now()
        text = _describe(error)
        if lease.attempts >= self._limits.attempts_max:
            _log.error("fact %s (%s) is dead after %d attempts: %s", lease.fact_id, lease.name, lease.attempts, text)
            return _Outcome(lease, "dead", now, text)
        longest = min(self._limits.backoff_max_s, self._limits.backoff_base_s * 2 ** (lease.attempts - 1))
        delay_s = longest * (0.5 + 0.5 * self._jitter())
        _log.warning("fact %s (%s) failed, next try in %.1f s: %s", lease.fact_id, lease.name, delay_s, text)
        return _Outcome(lease, "open", now + timedelta(seconds=delay_s), text)


async def _call_all(handlers: Sequence[Handler], fact_id: str, fact: Fact) -> None:
    """Call every handler in a task of its own; one that fails does not keep the others from finishing."""
    calls = [asyncio.create_task(_call(handler, fact_id, fact)) for handler in handlers]
    results = await asyncio.gather(*calls, return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        message = "handlers failed"
        raise ExceptionGroup(message, errors)


async def _call(handler: Handler, fact_id: str, fact: Fact) -> None:
    await handler(fact_id, fact)


def _describe(error: BaseException) -> str:
    """Name an error and its causes without their texts, which may hold personal data."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_describe(part) for part in error.exceptions)[:ERROR_CHARS_MAX]
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, str) else type(error).__name__


def _all_kinds(base: type[Fact]) -> list[type[Fact]]:
    kinds = []
    for kind in base.__subclasses__():
        kinds += [kind, *_all_kinds(kind)] if hasattr(kind, "name") else _all_kinds(kind)
    return kinds


async def dead_facts(reader: Reader, *, first: int = 100) -> list[Row]:
    """Return the facts that were set aside, oldest first: id, key, name, attempts, created_at, last_error."""
    return await reader.fetch(
        "SELECT id, key, name, version, attempts, created_at, last_error FROM outbox"
        " WHERE state = 'dead' ORDER BY seq LIMIT $1",
        first,
    )


async def revive_fact(unit: Unit, fact_id: str) -> bool:
    """Have a dead fact tried again from the first attempt; False when there is none of that id."""
    revived = await unit.execute(
        "UPDATE outbox SET state = 'open', attempts = 0, due_at = $1, last_error = NULL"
        " WHERE id = $2 AND state = 'dead'",
        unit.clock.now(),
        fact_id,
    )
    return revived > 0


async def open_facts(reader: Reader) -> int:
    """Return how many facts are still on their way (dead ones not counted)."""
    return int(await reader.fetch_value("SELECT count(*) FROM outbox WHERE state = 'open'"))
