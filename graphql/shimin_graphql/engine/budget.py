"""What a caller may spend on documents that are not trusted: points of cost, a minute at a time.

Trusted documents are measured once, when they are registered, and are free. Points are counted in the cache port, so
all servers count together; while Redis is down each counts by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from shimin_graphql.engine.errors import BudgetExhausted
from shimin_graphql.engine.limits import check_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shimin.kit.call import Call
    from shimin.kit.clock import Clock
    from shimin.ports.cache import Cache
    from shimin_graphql.engine.documents import Document, Documents

WINDOW_S = 60
READING_COST = 500
"""Points for parsing and validating a text that is not ready to run: at most about 40 ms of processor time."""
NETWORK_BITS = 64
"""An IPv6 subscriber has a network of this prefix to choose addresses from (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose points are counted, and how many there are."""

    key: str
    points: int


class Budget:
    """Reads texts at their callers' expense."""

    def __init__(
        self, documents: Documents, *, cache: Cache, clock: Clock, signed_in_points: int, anonymous_points: int
    ) -> None:
        """Allow so many points a minute to each signed-in caller, and to all others of one address together."""
        self._documents = documents
        self._cache = cache
        self._clock = clock
        self._signed_in_points = signed_in_points
        self._anonymous_points = anonymous_points

    async def charge(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any], call: Call, address: str
    ) -> tuple[Document, dict[str, Any]]:
        """Return a text made ready to run, and what the response says of its cost in ``extensions``.

        A text that turns out to be wrong has cost its reading; what the budget does not cover costs nothing.

        Raises:
            BudgetExhausted: the caller has to wait.
            DocumentError, DocumentTooCostly: it cannot be run, or not with these variables.
        """
        account = self._account(call, address)
        if not self._documents.is_ready(text, operation_name):
            await self._spend(account, READING_COST)
        document = self._documents.compile(text, operation_name)
        requested = document.cost_of(variables)
        check_cost(requested, self._documents.limits)
        remaining = await self._spend(account, requested)
        return document, {"cost": {"requested": requested, "limit": account.points, "remaining": remaining}}

    def _account(self, call: Call, address: str) -> _Account:
        if call.actor.kind == "anonymous":
            return _Account(f"cost:address:{network(address)}", self._anonymous_points)
        return _Account(f"cost:{call.actor.kind}:{call.actor.id}", self._signed_in_points)

    async def _spend(self, account: _Account, requested: int) -> int:
        """Take points; return how many are left in this minute."""
        now_s = int(self._clock.now().timestamp())
        key = f"{account.key}:{now_s // WINDOW_S}"
        spent = await self._cache.count(key, window_s=2 * WINDOW_S, by=requested)
        if spent > account.points:
            await self._cache.count(key, window_s=2 * WINDOW_S, by=-requested)
            raise BudgetExhausted(
                requested=requested,
                remaining=max(0, account.points - spent + requested),
                retry_after_s=WINDOW_S - now_s % WINDOW_S,
            )
        return account.points - spent


def network(address: str) -> str:
    """Return what stands for the subscriber behind an address: itself, of an IPv6 address its network."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> NETWORK_BITS << NETWORK_BITS)}/{NETWORK_BITS}"
    return str(found)
