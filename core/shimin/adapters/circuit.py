"""Leaving a failing service alone for a while, so that its callers fail at once instead of waiting for it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Circuit:
    """Open after ``failures_max`` failures in a row; after ``cool_off_s`` one caller tries, the others still do not.

    Time is the monotonic clock's, in seconds.
    """

    monotonic: Callable[[], float]
    failures_max: int = 5
    cool_off_s: float = 5.0
    failures: int = 0
    opened_at_s: float | None = None
    is_probing: bool = False

    def admits(self) -> bool:
        """Tell whether a caller may try now; the one who probes must report how it went."""
        if self.opened_at_s is None:
            return True
        if self.is_probing or self.monotonic() - self.opened_at_s < self.cool_off_s:
            return False
        self.is_probing = True
        return True

    def succeeded(self) -> None:
        """Report a success: closed again."""
        self.failures, self.opened_at_s, self.is_probing = 0, None, False

    def failed(self) -> None:
        """Report a failure."""
        self.failures += 1
        self.is_probing = False
        if self.failures >= self.failures_max:
            self.opened_at_s = self.monotonic()

    def abandoned(self) -> None:
        """Report that the try ended without a verdict (the caller was cancelled)."""
        self.is_probing = False
