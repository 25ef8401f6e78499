"""How fields are backed by rows: declared on the types (``types/rows.py``), read by the planner and the resolvers.

A field that carries one of these in its metadata is compiled; whatever else a document asks for runs its resolver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLOutputType, get_named_type

from shimin.db import ActorValue, Value, View
from shimin_graphql.engine.pieces import NotMapped

MANY = "shimin.many"
"""The key of a function that reads a field for many objects at once: ``await many(objects, info)``."""
METADATA = "shimin.mapping"
"""The key under which a Strawberry field's metadata holds its mapping."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A condition's value that the caller gives as an argument of the field."""

    name: str


@dataclass(frozen=True, slots=True)
class LaterThanNow:
    """A condition: the column's moment has not come yet."""


Term: TypeAlias = str | Argument | ActorValue | LaterThanNow | None
"""What a column is compared with: a text, NULL, an argument, something about the caller, or the moment."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or enumeration: one value of the row."""

    value: Value


@dataclass(frozen=True, slots=True)
class Part:
    """An object made of values of the same row; its fields by their Python names."""

    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Each:
    """A list of objects, one for each text of a document column; values see a row of one column, ``item``."""

    column: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Linked:
    """The row of another view whose ``key`` equals this row's ``column``; null where there is none."""

    view: View
    column: str
    key: str


@dataclass(frozen=True, slots=True)
class One:
    """A row of a view, found by its conditions."""

    view: View
    where: Mapping[str, Term]
    callers: frozenset[str] = frozenset()
    """The kinds of actor for whom this holds; empty: all. For others the resolver runs."""


@dataclass(frozen=True, slots=True)
class Pages:
    """A connection: the view's rows in one of its orders, a slice at a time."""

    view: View
    order: str
    where: Mapping[str, Term] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """A plain list of the view's rows in one of its orders, as many as ``first`` says."""

    view: View
    order: str
    where: Mapping[str, Term] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows there are."""

    view: View
    where: Mapping[str, Term] = field(default_factory=dict)


Source: TypeAlias = One | Pages | Listed | Counted
"""Where rows come from: mappings of fields that need no row above them."""
Mapped: TypeAlias = Leaf | Part | Each | Linked | Source


def definition_of(item: GraphQLField | GraphQLNamedType) -> Any:
    """Return what Strawberry knows of a field or type, or None where it made neither."""
    return (item.extensions or {}).get("strawberry-definition")


def mapping_of(item: GraphQLField) -> Mapped | None:
    """Return how a field is backed by rows, or None where only its resolver knows."""
    definition = definition_of(item)
    found: Mapped | None = getattr(definition, "metadata", {}).get(METADATA)
    return found


def attribute_of(item: GraphQLField) -> str:
    """Return the Python name of a field."""
    name: str = definition_of(item).python_name
    return name


def required_row_fields(kind: GraphQLObjectType) -> Mapping[str, Mapped]:
    """Return how the fields of a type show a row, by Python name.

    Raises:
        NotMapped: the type shows no row.
    """
    found: Mapping[str, Mapped] | None = getattr(getattr(definition_of(kind), "origin", None), "__row_fields__", None)
    if found is None:
        raise NotMapped(f"{kind.name} shows no row of a view")
    return found


def object_type(kind: GraphQLOutputType) -> GraphQLObjectType:
    """Return the object type inside lists and non-null marks.

    Raises:
        NotMapped: it is an interface or a union, whose rows would be of several kinds.
    """
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        raise NotMapped(f"{named.name} may be of several types")
    return named
