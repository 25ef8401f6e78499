"""The cache inside one process: what embedded mode uses, and what Redis' adapter falls back to."""

import time
from collections import OrderedDict
from collections.abc import Callable

from shimin.ports.cache import VALUE_BYTES_MAX

ENTRIES_MAX = 50_000
BYTES_MAX = 64 * 1024 * 1024


class MemoryCache:
    """Fulfils the cache port within one process; bounded in entries and bytes, the longest unused goes first."""

    def __init__(
        self,
        *,
        entries_max: int = ENTRIES_MAX,
        bytes_max: int = BYTES_MAX,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start empty.

        Args:
            entries_max: values kept, and counters kept.
            bytes_max: bytes of all values together.
            monotonic_s: seconds that never go back; a test hands in its own.
        """
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._monotonic_s = monotonic_s
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._counters: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._size_bytes = 0

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        ends_at, value = found
        if ends_at <= self._monotonic_s():
            self._remove(key)
            return None
        self._values.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value for ``ttl_s`` seconds.

        Raises:
            ValueError: it is larger than ``VALUE_BYTES_MAX``.
        """
        check_size(value)
        self._remove(key)
        if ttl_s <= 0:
            return
        self._values[key] = (self._monotonic_s() + ttl_s, value)
        self._size_bytes += len(value)
        while len(self._values) > self._entries_max or self._size_bytes > self._bytes_max:
            self._remove(next(iter(self._values)))

    async def drop(self, key: str) -> None:
        """Forget the value."""
        self._remove(key)

    async def count(self, key: str, *, window_s: float, by: int = 1) -> int:
        """Add to the key's counter; the window begins with its first event."""
        now_s = self._monotonic_s()
        ends_at, count = self._counters.get(key, (0.0, 0))
        if ends_at <= now_s:
            ends_at, count = now_s + window_s, 0
        self._counters[key] = (ends_at, count + by)
        self._counters.move_to_end(key)
        if len(self._counters) > self._entries_max:
            self._counters.popitem(last=False)
        return count + by

    async def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._counters.clear()
        self._size_bytes = 0

    def _remove(self, key: str) -> None:
        _, value = self._values.pop(key, (0.0, b""))
        self._size_bytes -= len(value)


def check_size(value: bytes) -> None:
    """Refuse a value beyond the port's limit, the same way in every adapter.

    Raises:
        ValueError: it is larger than ``VALUE_BYTES_MAX``.
    """
    if len(value) > VALUE_BYTES_MAX:
        message = f"a cached value has {len(value)} bytes, at most {VALUE_BYTES_MAX} are taken"
        raise ValueError(message)
