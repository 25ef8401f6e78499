"""Values that may be lost at any time, and counters that limit how often something is done."""

from typing import Protocol

VALUE_BYTES_MAX = 1024 * 1024


class Cache(Protocol):
    """Keep bytes for a while and count events in a window; a miss is always a correct answer.

    Contract: ``get`` after ``put`` gives the value or None, never another key's; a value is gone after
    ``ttl_s``; ``count`` is exact within one process and shared between processes where the adapter is.
    A failing server is a miss, never an exception.
    """

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None."""
        ...

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value (at most ``VALUE_BYTES_MAX``) for ``ttl_s`` seconds."""
        ...

    async def drop(self, key: str) -> None:
        """Forget the value."""
        ...

    async def count(self, key: str, *, window_s: float, by: int = 1) -> int:
        """Add to the key's counter and return what it comes to in the running window.

        Args:
            by: how much to add; a negative number takes back what was added in the same window.
        """
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...
