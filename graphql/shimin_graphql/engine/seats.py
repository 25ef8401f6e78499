"""How many live connections a process holds, and how many of them one caller may have."""

from collections import Counter
from dataclasses import dataclass
from types import TracebackType

from shimin.kit.call import Call
from shimin_graphql.engine.budget import network
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

    def take(self, call: Call, address: str) -> "Seat":
        """Return a seat to sit on for a block, for who is signed in or else for the network address."""
        return Seat(self, call.actor.id if call.actor.kind != "anonymous" else network(address))

    def sit(self, caller: str) -> None:
        """Count a connection.

        Raises:
            StreamsFull, StreamsTooMany: there is no room, here or for this caller.
        """
        if self._open.total() >= self._streams_max:
            raise StreamsFull
        if self._open[caller] >= self._streams_per_caller_max:
            raise StreamsTooMany(streams_max=self._streams_per_caller_max)
        self._open[caller] += 1

    def rise(self, caller: str) -> None:
        """Count a connection no more."""
        self._open[caller] -= 1
        if not self._open[caller]:
            del self._open[caller]


@dataclass(frozen=True, slots=True)
class Seat:
    """One connection, counted while the block runs; a generator would weigh ten times as much for as long."""

    seats: Seats
    caller: str

    def __enter__(self) -> None:
        """Sit down.

        Raises:
            StreamsFull, StreamsTooMany: there is no room, here or for this caller.
        """
        self.seats.sit(self.caller)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self.seats.rise(self.caller)
