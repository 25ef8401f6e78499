"""Long lists, a page at a time: what operations take and answer, and walking through a connection of the core.

Source: GraphQL Cursor Connections Specification (Relay).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar

from shimin_sdk.bounds import Items, Range, Text
from shimin_sdk.document import Asked

PAGE_ITEMS_MAX = 100
"""What the core gives at most at once."""

Item = TypeVar("Item")
Data = TypeVar("Data")


@dataclass(frozen=True)
class PageAsked:
    """Input of an operation that answers a page: how many items, and after which place."""

    first: Annotated[int, Range(1, PAGE_ITEMS_MAX)] = 20
    after: Annotated[str, Text(1, 500)] | None = None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of items; ``next_cursor`` is what to send as ``after`` for the next one, None at the end."""

    items: Annotated[list[Item], Items(items_max=PAGE_ITEMS_MAX)]
    next_cursor: str | None = None


class PageInfo(Protocol):
    """What a document selects of a connection's ``pageInfo``."""

    @property
    def has_next_page(self) -> bool:
        """Whether there is more."""
        ...

    @property
    def end_cursor(self) -> str | None:
        """The place after which it goes on."""
        ...


def walk(
    execute: Callable[[Asked[Data]], Data],
    ask: Callable[[str | None], Asked[Data]],
    page_info: Callable[[Data], PageInfo],
    pages_max: int,
) -> Iterator[Data]:
    """Yield the data of one page after the other; ends with the list, after ``pages_max`` or when a cursor repeats."""
    after: str | None = None
    for _ in range(pages_max):
        data = execute(ask(after))
        yield data
        info = page_info(data)
        if not info.has_next_page or info.end_cursor is None or info.end_cursor == after:
            return
        after = info.end_cursor
