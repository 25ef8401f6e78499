"""What a document asks of an object once its fragments are merged and its directives decided."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    is_abstract_type,
    is_non_null_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from shimin_graphql.engine.pieces import StandAside, Variables

PAGING = frozenset({"first", "after", "last", "before"})
"""Arguments whose being null or not changes which statement is compiled."""


@dataclass(frozen=True, slots=True)
class Given:
    """An argument's value: a variable by name, or a constant."""

    variable: str | None
    constant: Any = None
    """The coerced constant; for a variable, what counts where it is not given."""
    needed: bool = False
    """Whether null may not stand there."""

    def read(self, variables: Variables) -> Any:
        """Return the value.

        Raises:
            StandAside: the variable is null where it may not be: an error of the field (specification section 6.4.1).
        """
        if self.variable is None:
            return self.constant
        value = variables.get(self.variable, self.constant)
        if value is None and self.needed:
            raise StandAside
        return value


NOTHING = Given(None)


class Selections:
    """Merges selections of one document, with its boolean variables decided."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, flags: Mapping[str, bool]) -> None:
        """Read a valid document; ``flags`` are the variables that its directives look at."""
        self._schema = schema
        self._fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self._flags = flags

    def fields(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> Mapping[str, list[FieldNode]]:
        """Return the fields asked of an object by response key, in the order in which they are answered.

        Source: GraphQL specification section 6.3.2 (CollectFields).
        """
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selected in sets:
            if selected is not None:
                self._collect(kind, selected.selections, found, seen)
        return found

    def below(self, kind: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Mapping[str, list[FieldNode]]:
        """Return the fields asked of the object that these nodes answer with."""
        return self.fields(kind, (node.selection_set for node in nodes))

    def _collect(
        self,
        kind: GraphQLObjectType,
        selections: Iterable[SelectionNode],
        found: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selections:
            if not self._included(node.directives):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._fits(kind, node.type_condition.name.value):
                    self._collect(kind, node.selection_set.selections, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._fits(kind, fragment.type_condition.name.value):
                    self._collect(kind, fragment.selection_set.selections, found, seen)

    def _fits(self, kind: GraphQLObjectType, name: str) -> bool:
        wanted = self._schema.get_type(name)
        return wanted is kind or (is_abstract_type(wanted) and self._schema.is_sub_type(wanted, kind))

    def _included(self, directives: Iterable[DirectiveNode] | None) -> bool:
        for directive in directives or ():
            if directive.name.value in {"skip", "include"}:
                value = (directive.arguments or ())[0].value
                flag = self._flags[value.name.value] if isinstance(value, VariableNode) else _constant(value)
                if flag is (directive.name.value == "skip"):
                    return False
        return True


def _constant(value: Any) -> bool:
    return isinstance(value, BooleanValueNode) and value.value


def given(node: FieldNode, name: str, declared: GraphQLArgument) -> Given:
    """Return the value of a scalar argument in a document."""
    default = default_of(declared)
    for argument in node.arguments or ():
        if argument.name.value == name:
            if isinstance(argument.value, VariableNode):
                return Given(argument.value.name.value, default, is_non_null_type(declared.type))
            return Given(None, coerce_input_literal(argument.value, declared.type))
    return Given(None, default)


def default_of(declared: GraphQLArgument) -> Any:
    """Return what an argument is where it is not given; None where it has no default."""
    default = coerce_default_value(declared) if declared.default is not None else declared.default_value
    return None if default is Undefined else default


def deciding_variables(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[list[str], list[str]]:
    """Return the variables whose values decide what is compiled: those of directives, and those of paging.

    Of the former the value matters, of the latter only whether it is null.
    """
    flags: dict[str, None] = {}
    paging: dict[str, None] = {}
    for node in (operation, *document.definitions):
        for selected in _nodes(getattr(node, "selection_set", None)):
            for directive in selected.directives or ():
                flags |= {
                    a.value.name.value: None for a in directive.arguments or () if isinstance(a.value, VariableNode)
                }
            for argument in getattr(selected, "arguments", None) or ():
                if argument.name.value in PAGING and isinstance(argument.value, VariableNode):
                    paging[argument.value.name.value] = None
    return list(flags), list(paging)


def _nodes(selected: SelectionSetNode | None) -> Iterator[SelectionNode]:
    for node in selected.selections if selected else ():
        yield node
        yield from _nodes(getattr(node, "selection_set", None))
