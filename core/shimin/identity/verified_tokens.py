"""What this process remembers of verified access tokens, and how it hears that it must forget."""

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shimin.db import Database
from shimin.identity import session_rows
from shimin.identity.model import Authenticated
from shimin.kit.clock import Clock
from shimin.kit.refusal import Refusal
from shimin.ports.pubsub import PubSub

TOPIC = "identity.changed"
ENTRIES_MAX = 20_000
LIFE_S_MAX = 60.0
POLL_S = 2.0
TRUST_S = 5.0
"""Without a successful look at the database for this long nothing remembered is believed."""
LOOK_BACK = timedelta(seconds=90)
"""Each look covers this much again: late commits, other hosts' clocks, tokens verified in between."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    authenticated: Authenticated
    until: datetime


class VerifiedTokens:
    """A bounded memory of who verified tokens speak for; one per process, empty is always correct.

    A revocation is in effect here within a second through pub/sub, and within ``TRUST_S`` by looking at the
    database. Unless ``watch`` runs and its looks succeed, nothing is answered from memory.
    """

    def __init__(self, *, entries_max: int = ENTRIES_MAX, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Start empty and not to be believed.

        Args:
            entries_max: tokens remembered; the longest unused goes first.
            monotonic_s: seconds that never go back; a test hands in its own.
        """
        self._entries_max = entries_max
        self._monotonic_s = monotonic_s
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._by_session: dict[str, set[bytes]] = {}
        self._looked_at_s = float("-inf")
        self._drops = 0

    @property
    def is_current(self) -> bool:
        """Whether the last look at the database is recent enough for memory to be believed."""
        return self._monotonic_s() - self._looked_at_s <= TRUST_S

    def mark(self) -> int:
        """Return a mark to be taken before a token is verified and handed to ``keep`` afterwards."""
        return self._drops

    def get(self, token: str, now: datetime) -> Authenticated | None:
        """Return who the token speaks for, if that is remembered and may be believed."""
        if not self.is_current:
            return None
        key = _key(token)
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until <= now:
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry.authenticated

    def keep(self, token: str, authenticated: Authenticated, *, expires_at: datetime, now: datetime, mark: int) -> None:
        """Remember a verified token for 60 s or until it expires; not if anything was dropped since the mark."""
        if mark != self._drops:
            return
        key = _key(token)
        self._entries[key] = _Entry(authenticated, min(expires_at, now + timedelta(seconds=LIFE_S_MAX)))
        self._by_session.setdefault(authenticated.session_id, set()).add(key)
        while len(self._entries) > self._entries_max:
            self._forget(next(iter(self._entries)))

    def drop_session(self, session_id: str) -> None:
        """Forget every token of a session."""
        self._drops += 1
        for key in tuple(self._by_session.get(session_id, ())):
            self._forget(key)

    def drop_all(self) -> None:
        """Forget everything."""
        self._drops += 1
        self._entries.clear()
        self._by_session.clear()

    def __len__(self) -> int:
        """Return how many tokens are remembered."""
        return len(self._entries)

    async def watch(self, *, db: Database, pubsub: PubSub, clock: Clock) -> None:
        """Listen and look until cancelled; run it once per process, beside the server."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(pubsub))
            tasks.create_task(self._poll(db, clock))

    async def look(self, *, db: Database, clock: Clock) -> None:
        """Forget what the database says has changed lately; from then on memory may be believed for ``TRUST_S``."""
        began_at_s = self._monotonic_s()
        async with db.reader() as reader:
            changed = await session_rows.changed_sessions(reader, since=clock.now() - LOOK_BACK)
        if self._monotonic_s() - self._looked_at_s > LOOK_BACK.total_seconds():
            self.drop_all()  # the process slept, or never looked: changes may be older than the look covers
        for session_id in changed:
            self.drop_session(session_id)
        self._looked_at_s = began_at_s

    async def _poll(self, db: Database, clock: Clock) -> None:
        while True:
            try:
                await self.look(db=db, clock=clock)
            except (Refusal, OSError, TimeoutError) as error:
                log.warning("identity_look_failed", error=type(error).__name__)
            await asyncio.sleep(POLL_S)

    async def _listen(self, pubsub: PubSub) -> None:
        while True:
            async with pubsub.listen(TOPIC) as payloads:
                async for payload in payloads:
                    with contextlib.suppress(UnicodeDecodeError):
                        self.drop_session(payload.decode("ascii"))
            await asyncio.sleep(POLL_S)  # the hints ended (shutdown): looking goes on alone

    def _forget(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        session_id = entry.authenticated.session_id
        keys = self._by_session.get(session_id)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._by_session[session_id]


def _key(token: str) -> bytes:
    """Return what a token is remembered by: its digest, so that memory holds no usable token."""
    return hashlib.sha256(token.encode()).digest()
