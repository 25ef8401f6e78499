"""Variables of a document: the plain ones are taken at a glance, everything else as the specification says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
)
from graphql.execution.values import get_variable_values
from graphql.language import NamedTypeNode

from shimin.db.dialect import INT_MAX, INT_MIN

_PLAIN: Mapping[str, type] = {"Int": int, "String": str, "ID": str, "Boolean": bool}


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    plain: type | None
    """The JSON type that needs no coercion; None where coercion decides."""
    required: bool
    default: Any


class DeclaredVariables:
    """The variables an operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Read the declarations of a valid operation."""
        self._schema = schema
        self._nodes: Sequence[VariableDefinitionNode] = operation.variable_definitions or ()
        empty = get_variable_values(schema, [node for node in self._nodes if node.default_value], {})
        defaults = {} if isinstance(empty, list) else empty.coerced
        self._declared = [_declared(node, defaults) for node in self._nodes]

    def coerced(self, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the values that execution sees, or None where a value does not fit its type.

        Source: GraphQL specification section 6.1.2 (CoerceVariableValues).
        """
        found: dict[str, Any] = {}
        for declared in self._declared:
            value = variables.get(declared.name, Undefined)
            if value is Undefined:
                if declared.default is not Undefined:
                    found[declared.name] = declared.default
                elif declared.required:
                    return None
            elif value is None:
                if declared.required:
                    return None
                found[declared.name] = None
            elif type(value) is declared.plain and (type(value) is not int or INT_MIN <= value <= INT_MAX):
                found[declared.name] = value
            else:
                return self._as_specified(variables)
        return found

    def _as_specified(self, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
        values = get_variable_values(self._schema, self._nodes, dict(variables))
        return None if isinstance(values, list) else values.coerced


def _declared(node: VariableDefinitionNode, defaults: Mapping[str, Any]) -> _Declared:
    kind, required = node.type, False
    if isinstance(kind, NonNullTypeNode):
        kind, required = kind.type, True
    name = node.variable.name.value
    plain = _PLAIN.get(kind.name.value) if isinstance(kind, NamedTypeNode) else None
    return _Declared(name, plain, required, defaults.get(name, Undefined))
