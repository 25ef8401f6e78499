"""A field's arguments: what can be known of them when the document is compiled is not computed again in each run."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    ListValueNode,
    NameNode,
    ObjectValueNode,
    VariableNode,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.values import VariableValues, get_argument_values

_UNCHANGING = (str, int, float, bool, type(None), Enum)
_MISSING = object()


class Arguments:
    """Turns variables into the keyword arguments of one field.

    Literals, defaults and variables in the place of a whole argument take a short way; everything else (input objects
    and lists, values that could be changed by who gets them) is coerced by graphql-core in each run.
    """

    __slots__ = ("_definition", "_hide_suggestions", "_node", "_short", "_template", "_variables")

    def __init__(self, definition: GraphQLField, node: FieldNode, *, hide_suggestions: bool) -> None:
        self._definition = definition
        self._node = node
        self._hide_suggestions = hide_suggestions
        self._template: dict[str, Any] = {}
        self._variables: list[tuple[str, str, bool, Any]] = []
        try:
            self._short = self._prepare()
        except GraphQLError:
            self._short = False  # the same error is raised in each run, where it belongs to a path

    def coerce(self, variables: VariableValues) -> dict[str, Any]:
        """Return the keyword arguments of one call or, where ``can_be_shared`` says so, of several.

        Raises:
            GraphQLError: a value does not fit; graphql-core's own words.
        """
        if not self._short:
            return self._coerce_whole(variables)
        if not self._variables:
            return self._template
        coerced, arguments = variables.coerced, self._template.copy()
        for variable, name, needs_value, default in self._variables:
            value = coerced.get(variable, _MISSING)
            if value is _MISSING:
                value = default
            elif value is None and needs_value:
                return self._coerce_whole(variables)
            if value is _MISSING:
                if needs_value:
                    return self._coerce_whole(variables)
                del arguments[name]
            else:
                arguments[name] = value
        return arguments

    def _coerce_whole(self, variables: VariableValues) -> dict[str, Any]:
        if not (self._definition.args or self._node.arguments):
            return {}
        return get_argument_values(self._definition, self._node, variables, None, self._hide_suggestions)

    def _prepare(self) -> bool:
        """Compute what the variables cannot change; return whether the short way is open."""
        given = {node.name.value: node.value for node in self._node.arguments or ()}
        for name, argument in self._definition.args.items():
            value = given.get(name)
            out = argument.out_name or name
            if isinstance(value, VariableNode):
                needs_value = is_non_null_type(argument.type)
                default = _MISSING
                if not is_required_argument(argument):
                    default = self._known(name, argument, self._without_arguments()).get(out, _MISSING)
                self._variables.append((value.name.value, out, needs_value, default))
                self._template[out] = None  # keeps the order of the definition
                known: Iterable[Any] = () if default is _MISSING else (default,)
            elif isinstance(value, (ListValueNode, ObjectValueNode)):
                return False
            else:
                arguments = self._known(name, argument, self._node)
                self._template |= arguments
                known = arguments.values()
            if not all(isinstance(item, _UNCHANGING) for item in known):
                return False
        return True

    def _known(self, name: str, argument: GraphQLArgument, node: FieldNode) -> dict[str, Any]:
        alone = GraphQLField(self._definition.type, args={name: argument})
        return get_argument_values(alone, node, None, None, self._hide_suggestions)

    def _without_arguments(self) -> FieldNode:
        return FieldNode(name=NameNode(value=self._node.name.value), arguments=())


def can_be_shared(arguments: dict[str, Any]) -> bool:
    """Return whether several calls may get these very values: none of them can be changed."""
    return all(isinstance(value, _UNCHANGING) for value in arguments.values())
