"""Bounds of what comes from outside, written beside a type: ``Annotated[str, Text(chars_max=40)]``."""

from dataclasses import dataclass

CHARS_MAX = 10_000
ITEMS_MAX = 1_000


@dataclass(frozen=True)
class Text:
    """Bounds of a text, in characters; ``pattern`` must match all of it."""

    chars_min: int = 0
    chars_max: int = CHARS_MAX
    pattern: str | None = None


@dataclass(frozen=True)
class Range:
    """Bounds of a whole number, both included."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Items:
    """Bounds of how many items a list has."""

    items_min: int = 0
    items_max: int = ITEMS_MAX
