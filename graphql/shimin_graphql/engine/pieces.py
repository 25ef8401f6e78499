"""What compiled expressions are put together from, and how planning says that it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from shimin.db import Viewpoint
from shimin.db.view import Kind

Variables: TypeAlias = Mapping[str, Any]
"""Coerced variables by name; one that was not given and has no default is missing."""
Read: TypeAlias = Callable[[Viewpoint, Variables], object]
NULL = "'null'"
"""The expression for JSON's null."""


class NotMapped(Exception):  # noqa: N818 - an answer for whoever plans, not an error
    """Part of a document is not backed by rows; the text says which and why."""


class StandAside(Exception):  # noqa: N818 - likewise
    """These values have no compiled answer: the resolvers say what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a statement takes: what it is, and where it comes from."""

    key: object
    kind: Kind
    read: Read
    of_caller: bool = False
    """Whether it depends on who asks, or when; otherwise on the variables alone."""


@dataclass(frozen=True, slots=True)
class Raw:
    """JSON text that is known already, between expressions."""

    text: str


Pieces: TypeAlias = list[str | Raw]
"""JSON text in the making: expressions of type text, and what is known already."""


def member(key: str, *, first: bool) -> Raw:
    """Return the beginning of an object's member; GraphQL names need no escaping."""
    return Raw(f'{"{" if first else ","}"{key}":')


def closed(members: Pieces) -> Pieces:
    """Return the whole object of some members; directives may have left none."""
    return [*(members or [Raw("{")]), Raw("}")]
