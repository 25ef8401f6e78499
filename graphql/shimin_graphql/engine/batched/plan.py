"""What a document asks, type by type: made once, and run over all objects of a level at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    default_field_resolver,
    get_nullable_type,
    is_non_null_type,
)

from shimin_graphql.engine.batched.arguments import Arguments
from shimin_graphql.engine.batched.direct import Direct, direct
from shimin_graphql.engine.batched.leaves import Leaves
from shimin_graphql.engine.mapping import MANY, definition_of
from shimin_graphql.engine.selection import Selections


class NotCompilable(Exception):  # noqa: N818 - an answer for whoever plans
    """The document asks for something that only the stock executor does; the text says what."""


@dataclass(slots=True)
class LeafShape:
    """A scalar or enumeration."""

    leaves: Leaves


@dataclass(slots=True)
class ListShape:
    """A list of something."""

    item: "Shape"
    nullable: bool
    item_nullable: bool
    null_error: str


@dataclass(slots=True)
class ObjectShape:
    """An object of a type that is known, with the fields asked of it."""

    kind: GraphQLObjectType
    nodes: Sequence[FieldNode]
    nullable: bool
    null_error: str
    fields: "Sequence[FieldPlan] | None" = None
    """Planned when the first object comes: types may be asked for that never come."""


@dataclass(slots=True)
class AbstractShape:
    """An interface or union: the type is known when the object is."""

    kind: GraphQLInterfaceType | GraphQLUnionType
    nodes: Sequence[FieldNode]
    nullable: bool
    null_error: str
    known: dict[str, ObjectShape] = field(default_factory=dict)


Shape: TypeAlias = LeafShape | ListShape | ObjectShape | AbstractShape


@dataclass(slots=True)
class FieldPlan:
    """One field of one type: how its values are had, and what they are."""

    key: str
    nodes: list[FieldNode]
    item: GraphQLField
    parent: GraphQLObjectType
    shape: Shape
    nullable: bool
    constant: str | None = None
    """The type's name, where that is what is asked for."""
    attribute: Callable[[Any], Any] | None = None
    """Reads the value where it is a plain attribute: no resolver, no rule, no arguments."""
    many: Callable[[Sequence[Any], Any], Awaitable[Sequence[Any]]] | None = None
    """Reads the values of all objects at once, where the field knows how."""
    direct: Direct | None = None
    """Calls the resolver's own function, where nothing else is needed."""
    resolve: Callable[..., Any] = default_field_resolver
    arguments: Arguments | None = None


class Plans:
    """Makes the plans of one document with its directives decided."""

    def __init__(self, schema: GraphQLSchema, selections: Selections, *, hide_suggestions: bool) -> None:
        """Plan for a schema."""
        self._schema = schema
        self._selections = selections
        self._hide_suggestions = hide_suggestions

    def fields_of(self, shape: ObjectShape) -> "Sequence[FieldPlan]":
        """Return the fields asked of an object, in the order of the response."""
        if shape.fields is None:
            asked = self._selections.below(shape.kind, shape.nodes)
            shape.fields = [self.field(shape.kind, key, nodes) for key, nodes in asked.items()]
        return shape.fields

    def field(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> FieldPlan:
        """Return the plan of one field.

        Raises:
            NotCompilable: it asks about the schema.
        """
        name = nodes[0].name.value
        if name == "__typename":
            leaf = LeafShape(Leaves(GraphQLString, nullable=False, null_error=""))
            return FieldPlan(key, nodes, _TYPENAME, parent, leaf, nullable=False, constant=parent.name)
        if name not in parent.fields:
            raise NotCompilable(f"{name} is answered from the schema")
        item = parent.fields[name]
        null_error = f"Cannot return null for non-nullable field {parent.name}.{name}."
        plan = FieldPlan(
            key,
            nodes,
            item,
            parent,
            self.shape(item.type, nodes, null_error),
            nullable=not is_non_null_type(item.type),
            resolve=item.resolve or default_field_resolver,
        )
        definition = definition_of(item)
        if definition is not None and definition.is_basic_field and definition.default_resolver is getattr:
            plan.attribute = attrgetter(definition.python_name)
        else:
            plan.direct = direct(definition, item)
            plan.arguments = Arguments(item, nodes[0], hide_suggestions=self._hide_suggestions)
            if definition is not None and not definition.extensions and not item.args:
                plan.many = definition.metadata.get(MANY)
        return plan

    def shape(self, kind: GraphQLOutputType, nodes: Sequence[FieldNode], null_error: str) -> Shape:
        """Return what values of a type are made of."""
        nullable = not is_non_null_type(kind)
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            item = self.shape(inner.of_type, nodes, null_error)
            return ListShape(item, nullable, not is_non_null_type(inner.of_type), null_error)
        if isinstance(inner, GraphQLObjectType):
            return ObjectShape(inner, nodes, nullable, null_error)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return LeafShape(Leaves(inner, nullable=nullable, null_error=null_error))
        if isinstance(inner, GraphQLInterfaceType | GraphQLUnionType):
            return AbstractShape(inner, nodes, nullable, null_error)
        raise NotCompilable(f"{inner} is no type of a result")

    def concrete(self, shape: AbstractShape, name: str) -> ObjectShape:
        """Return the shape of an object of an interface or union, by its type's name.

        Raises:
            TypeError: it is no object type of that interface or union.
        """
        found = shape.known.get(name)
        if found is None:
            kind = self._schema.get_type(name)
            if not isinstance(kind, GraphQLObjectType) or not self._schema.is_sub_type(shape.kind, kind):
                message = f"Runtime Object type '{name}' is not a possible type for '{shape.kind.name}'."
                raise TypeError(message)
            found = shape.known[name] = ObjectShape(kind, shape.nodes, shape.nullable, shape.null_error)
        return found


_TYPENAME = GraphQLField(GraphQLString)
