"""Which personal data a package's documents can ever read, computed from the documents as the platform does."""

# pyright: basic
# basic: the types of graphql-core are partly unknown to it

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    get_named_type,
)
from graphql.type import GraphQLField


@dataclass(frozen=True)
class Reads:
    """What one declared document reads, why, and for how long it is kept."""

    path: str
    required: bool
    purpose: Mapping[str, str]
    retention: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Change:
    """How what a document reads differs between two packages; a document that is new or gone has one side empty."""

    path: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    terms: tuple[str, ...] = ()
    """Which terms of the consent sheet changed: purpose, retention, required."""

    @property
    def widens(self) -> bool:
        """Whether a citizen has to agree again: more is read, or what it is for or how long it is kept changed."""
        return bool(self.added or {"purpose", "retention"} & set(self.terms))


def differences(before: Mapping[str, Reads], after: Mapping[str, Reads]) -> list[Change]:
    """Return the documents of which something changed, sorted by path."""
    found: list[Change] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        was, now = old.scopes if old else frozenset[str](), new.scopes if new else frozenset[str]()
        terms = [
            name
            for name in ("purpose", "retention", "required")
            if old and new and (was or now) and getattr(old, name) != getattr(new, name)
        ]
        change = Change(
            path, tuple(sorted(now - was)), tuple(sorted(was - now)), tuple(sorted(was & now)), tuple(terms)
        )
        if change.added or change.removed or change.terms:
            found.append(change)
    return found


def scopes_of(schema: GraphQLSchema, document: DocumentNode) -> frozenset[str]:
    """Return every personal scope that a document's operation selects, whatever its variables and directives say.

    ``@skip`` and ``@include`` are ignored: consent covers what the document could read. A selection on an interface
    counts for each type behind it.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    def walk(kind: GraphQLNamedType | None, selected: SelectionSetNode | None) -> Iterator[str]:
        for node in selected.selections if selected else ():
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                yield from walk(schema.get_type(fragment.type_condition.name.value), fragment.selection_set)
            elif isinstance(node, InlineFragmentNode):
                narrowed = schema.get_type(node.type_condition.name.value) if node.type_condition else kind
                yield from walk(narrowed, node.selection_set)
            elif isinstance(node, FieldNode):
                for field in _fields_behind(schema, kind, node.name.value):
                    yield from _scope(field)
                    yield from walk(get_named_type(field.type), node.selection_set)

    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return frozenset(
        scope
        for operation in operations
        for scope in walk(schema.get_root_type(operation.operation), operation.selection_set)
    )


def _scope(field: GraphQLField) -> Iterator[str]:
    for directive in field.ast_node.directives or () if field.ast_node else ():
        if directive.name.value == "personal":
            for argument in directive.arguments or ():
                if isinstance(argument.value, StringValueNode):
                    yield argument.value.value


def _fields_behind(schema: GraphQLSchema, kind: GraphQLNamedType | None, name: str) -> list[GraphQLField]:
    """Return the field of that name on an object, or on an interface and each object that implements it."""
    if isinstance(kind, GraphQLObjectType):
        return [kind.fields[name]] if name in kind.fields else []
    if isinstance(kind, GraphQLInterfaceType):
        behind: list[GraphQLInterfaceType | GraphQLObjectType] = [kind, *schema.get_possible_types(kind)]
        return [item.fields[name] for item in behind if name in item.fields]
    return []
