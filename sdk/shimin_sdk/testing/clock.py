"""The time in tests: it stands still until the test moves it."""

import datetime as dt

START = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)
"""A Tuesday, nine in the morning in China."""


class TestClock:
    """One clock for all citizens of a phone."""

    __test__ = False  # no test class, whatever its name says to pytest

    def __init__(self, now: dt.datetime = START) -> None:
        """Begin at an aware moment."""
        self.set(now)

    @property
    def now(self) -> dt.datetime:
        """The moment that every call sees as ``call.clock.now()``."""
        return self._now

    def set(self, now: dt.datetime) -> None:
        """Set the time.

        Raises:
            ValueError: the moment names no offset from UTC.
        """
        if now.tzinfo is None:
            msg = "give an aware time, such as datetime(2026, 12, 1, tzinfo=UTC)"
            raise ValueError(msg)
        self._now = now.astimezone(dt.UTC)

    def advance(self, **duration: float) -> None:
        """Let time pass: ``clock.advance(days=1, minutes=5)``."""
        self._now += dt.timedelta(**duration)
