"""A document whose resolvers are compiled: planned once for each way its directives can turn out."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_variable_values

from shimin_graphql.engine.batched.plan import FieldPlan, NotCompilable, Plans
from shimin_graphql.engine.batched.run import Run
from shimin_graphql.engine.selection import Selections, deciding_variables

if TYPE_CHECKING:
    from graphql import GraphQLObjectType

VARIANTS_MAX = 64
"""Plans kept of one document: what its directives can come to."""


class Batched:
    """A query or mutation compiled for one schema.

    It answers as the stock executor does: the same data, and the same error for every field whose null is shown.
    Where a null has gone outwards past several failed fields, the errors of those that are no longer shown may
    differ in number, as the specification leaves open (section 6.4.4).
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        hide_suggestions: bool,
    ) -> None:
        """Compile a valid document.

        Raises:
            NotCompilable: it is a subscription, or asks about the schema.
        """
        root = schema.get_root_type(operation.operation)
        if operation.operation is OperationType.SUBSCRIPTION or root is None:
            raise NotCompilable("subscriptions are streams")
        self.schema = schema
        self.document = document
        self.operation = operation
        self.hide_suggestions = hide_suggestions
        self.fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self._root: GraphQLObjectType = root
        self._flags, _ = deciding_variables(document, operation)
        self._variants: dict[tuple[bool, ...], tuple[Plans, Sequence[FieldPlan]]] = {}
        self._variant(tuple(False for _ in self._flags))  # finds what cannot be compiled now, not when it runs

    def execute(
        self, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        """Return what runs the document's resolvers, or the result where the variables are wrong; nothing runs yet.

        Raises:
            NotCompilable: these variables ask about the schema, or ask a directive with null: an error, told where the
                directive stands.
        """
        values = get_variable_values(
            self.schema,
            self.operation.variable_definitions or (),
            dict(variables),
            max_errors=50,
            hide_suggestions=self.hide_suggestions,
        )
        if isinstance(values, list):
            return ExecutionResult(data=None, errors=values)
        flags = [values.coerced.get(name) for name in self._flags]
        if None in flags:
            raise NotCompilable("a directive needs true or false")
        plans, fields = self._variant(tuple(map(bool, flags)))
        return Run(self, plans, values, context).whole(fields)

    def _variant(self, flags: tuple[bool, ...]) -> tuple[Plans, Sequence[FieldPlan]]:
        found = self._variants.get(flags)
        if found is None:
            selections = Selections(self.schema, self.document, dict(zip(self._flags, flags, strict=True)))
            plans = Plans(self.schema, selections, hide_suggestions=self.hide_suggestions)
            asked = selections.fields(self._root, [self.operation.selection_set])
            found = plans, [plans.field(self._root, key, nodes) for key, nodes in asked.items()]
            if len(self._variants) < VARIANTS_MAX:
                self._variants[flags] = found
        return found
