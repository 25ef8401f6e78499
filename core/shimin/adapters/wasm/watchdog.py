"""Ends a guest that has used up its processor time.

Measured in processor time of the serving thread, so that neither waiting for the core nor a busy machine counts
against the guest. What this misses, the core's own clock ends by killing the process.
"""

import _thread
import time
from collections.abc import Callable

CHECK_EVERY_S = 0.02
_NANO = 1_000_000_000


class Watchdog:
    """Watches the thread that made it; sleeps while no guest runs."""

    def __init__(self, expire: Callable[[], None]) -> None:
        """Start watching; ``expire`` is called from another thread and must interrupt the guest at its next step."""
        self._expire = expire
        self._clock = time.pthread_getcpuclockid(_thread.get_ident())
        self._guard = _thread.allocate_lock()
        self._parked = _thread.allocate_lock()
        self._parked.acquire()
        self._is_parked = False
        self._end_ns: int | None = None
        self.expired = False
        _thread.start_new_thread(self._watch, ())

    def arm(self, budget_ms: int) -> None:
        """Let the guest run for so many milliseconds of processor time."""
        with self._guard:
            self.expired = False
            self._end_ns = time.thread_time_ns() + budget_ms * 1_000_000
            if self._is_parked:
                self._is_parked = False
                self._parked.release()

    def disarm(self) -> None:
        """The guest has ended; from here on it is not interrupted any more."""
        with self._guard:
            self._end_ns = None

    def _watch(self) -> None:
        """Look at the clock until the guest ends or its time does."""
        while True:
            left_ns = 0
            with self._guard:
                end_ns = self._end_ns
                if end_ns is None:
                    self._is_parked = True
                else:
                    left_ns = end_ns - time.clock_gettime_ns(self._clock)
                    if left_ns <= 0:
                        self.expired = True
                        self._end_ns = None
                        self._expire()
            if end_ns is None:
                self._parked.acquire()
            elif left_ns > 0:
                # Processor time passes no faster than time, so sleeping for what is left is never too long.
                time.sleep(min(left_ns / _NANO, CHECK_EVERY_S))
