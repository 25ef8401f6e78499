"""Where values of a response go, and what becomes null when one of them cannot be had."""

from __future__ import annotations

from typing import Any


class Slot:
    """An object of the response while its members are filled in."""

    __slots__ = ("dead", "out", "place")

    def __init__(self, out: dict[str, Any], place: Place | None) -> None:
        """Fill ``out``, which lies at ``place``; None: it is the response's data."""
        self.out = out
        self.place = place
        self.dead = False

    @property
    def is_lost(self) -> bool:
        """Whether this object, or one around it, has become null: nothing more needs to be worked out for it."""
        slot: Slot | None = self
        while slot is not None:
            if slot.dead:
                return True
            slot = slot.place.slot if slot.place else None
        return False

    def lose(self) -> bool:
        """Make the object null; return whether that reaches the response's data.

        Source: GraphQL specification section 6.4.4 (a null where none may be makes what is around it null).
        """
        self.dead = True
        return self.place.lose() if self.place else True


class Place:
    """Where one value goes: a member of an object, or an item of a list."""

    __slots__ = ("around", "container", "key", "nullable", "slot")

    def __init__(self, container: Any, key: Any, slot: Slot, *, nullable: bool, around: Place | None = None) -> None:
        """Name the place.

        Args:
            container: the object or list.
            key: the member's key or the item's number.
            slot: the object whose field this is, however deep in lists.
            nullable: whether null may stand here.
            around: the place of the list, for an item.
        """
        self.container = container
        self.key = key
        self.slot = slot
        self.nullable = nullable
        self.around = around

    def put(self, value: Any) -> None:
        """Put a value here."""
        self.container[self.key] = value

    def lose(self) -> bool:
        """Put null here, or let the null go outwards; return whether it reaches the response's data."""
        place: Place | None = self
        while place is not None:
            if place.nullable:
                place.put(None)
                return False
            place = place.around
        return self.slot.lose()

    def path(self) -> list[str | int]:
        """Return the response path of this place."""
        found: list[str | int] = []
        place: Place | None = self
        while place is not None:
            found.append(place.key)
            place = place.around if place.around is not None else place.slot.place
        return found[::-1]
