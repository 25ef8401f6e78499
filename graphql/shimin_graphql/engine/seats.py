"""How many live connections a process holds, and how many of them one caller may have."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shimin.kit.call import Call
from shimin_graphql.engine.errors import StreamsFull, StreamsTooMany

STREAMS_MAX = 3_000
"""Event streams and websockets a process holds together; the rest of its connections answers requests."""
STREAMS_PER_CALLER_MAX = 8


class Seats:
    """Counts live connections, of whatever protocol, while they are open."""

    def __init__(self, *, streams_max: int = STREAMS_MAX, streams_per_caller_max: int = STREAMS_PER_CALLER_MAX) -> None:
        """Have so many seats, and so many for one caller."""
        self._streams_max = streams_max
        self._streams_per_caller_max = streams_per_caller_max
        self._open: Counter[str] = Counter()

    @contextmanager
    def take(self, call: Call, address: str) -> Iterator[None]:
        """Count a connection for the block, for who is signed in or else for the network address.

        Raises:
            StreamsFull, StreamsTooMany: there is no room, here or for this caller.
        """
        caller = call.actor.id if call.actor.kind != "anonymous" else address
        if self._open.total() >= self._streams_max:
            raise StreamsFull
        if self._open[caller] >= self._streams_per_caller_max:
            raise StreamsTooMany(streams_max=self._streams_per_caller_max)
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
