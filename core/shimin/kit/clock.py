"""The time, as something a test can hold still."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; everything that depends on time takes one."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        """Start at ``at``, which must be aware."""
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.at
