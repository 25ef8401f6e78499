"""Parts of answers that are the same for everybody, kept as bytes until a fact says that they have changed."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

import structlog

from shimin.db import facts_since, last_fact
from shimin.kit.refusal import Refusal
from shimin.ports.edge import PUBLIC_CHANGED

if TYPE_CHECKING:
    from shimin.db import Database
    from shimin.ports.pubsub import PubSub

BYTES_MAX = 32 * 1024 * 1024
POLL_S = 2.0
TRUST_S = 5.0
"""Without a successful look at the outbox for this long nothing kept is believed."""
LOOK_BACK = 1_000
"""Each look covers this many facts again: a fact may be numbered earlier and become visible later than another."""
log = structlog.get_logger("shimin.graphql")


class Fragments:
    """A bounded memory of public parts; one per process, empty is always correct.

    A change is in effect here within a second through pub/sub, and within ``TRUST_S`` by looking at the outbox.
    Unless ``watch`` runs and its looks succeed, nothing is answered from memory.
    """

    def __init__(self, *, bytes_max: int = BYTES_MAX, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Start empty and not to be believed."""
        self._bytes_max = bytes_max
        self._monotonic_s = monotonic_s
        self._kept: OrderedDict[Hashable, tuple[bytes, frozenset[str]]] = OrderedDict()
        self._size_bytes = 0
        self._looked_at_s = float("-inf")
        self._drops = 0

    def __len__(self) -> int:
        """Return how many parts are kept."""
        return len(self._kept)

    def mark(self) -> int:
        """Return a mark to be taken before a part is worked out and handed to ``keep`` afterwards."""
        return self._drops

    def get(self, key: Hashable) -> bytes | None:
        """Return a part, if it is kept and may be believed."""
        found = self._kept.get(key)
        if found is None or self._monotonic_s() - self._looked_at_s > TRUST_S:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, part: bytes, changed_by: frozenset[str], *, mark: int) -> None:
        """Keep a part until one of these facts; not if anything was dropped since the mark."""
        if mark != self._drops or len(part) > self._bytes_max // 8:
            return
        self._forget(key)
        self._kept[key] = (part, changed_by)
        self._size_bytes += len(part)
        while self._size_bytes > self._bytes_max:
            self._forget(next(iter(self._kept)))

    def drop(self, fact: str) -> None:
        """Forget every part that this fact changes."""
        self._drops += 1
        for key in [key for key, (_, changed_by) in self._kept.items() if fact in changed_by]:
            self._forget(key)

    def drop_all(self) -> None:
        """Forget everything."""
        self._drops += 1
        self._kept.clear()
        self._size_bytes = 0

    def _forget(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size_bytes -= len(found[0])

    async def watch(self, facts: Iterable[str], *, db: Database, pubsub: PubSub) -> None:
        """Listen and look until cancelled; run it once per process, beside the server."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(pubsub))
            tasks.create_task(self._poll(sorted(facts), db))

    async def _listen(self, pubsub: PubSub) -> None:
        while True:
            async with pubsub.listen(PUBLIC_CHANGED) as payloads:
                async for payload in payloads:
                    self.drop(payload.decode("ascii", "replace"))
            await asyncio.sleep(POLL_S)  # the hints ended (shutdown): looking goes on alone

    async def _poll(self, facts: list[str], db: Database) -> None:
        heard: set[int] = set()
        after: int | None = None
        while True:
            began_at_s = self._monotonic_s()
            try:
                async with db.reader() as reader:
                    if after is None:
                        after = max(await last_fact(reader) - LOOK_BACK, 0)
                        heard = {number for number, _ in await facts_since(reader, after, facts)}
                        self.drop_all()
                    else:
                        newest = await last_fact(reader)
                        for number, name in await facts_since(reader, after, facts):
                            if number not in heard:
                                heard.add(number)
                                self.drop(name)
                        after = max(newest - LOOK_BACK, after)
                        heard = {number for number in heard if number > after}
                if began_at_s - self._looked_at_s > TRUST_S:
                    self.drop_all()  # what changed while nobody looked was not told apart
                self._looked_at_s = began_at_s
            except (Refusal, OSError, TimeoutError) as error:
                log.warning("graphql.look_failed", error=type(error).__name__)
            await asyncio.sleep(POLL_S)
