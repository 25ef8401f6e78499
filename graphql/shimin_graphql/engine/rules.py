"""The specification's validation rules, two of them mended: one is bounded, one says where."""

from typing import Any

from graphql import (
    SKIP,
    GraphQLError,
    GraphQLInputType,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
)
from graphql.utilities.validate_input_value import validate_input_literal


def validation_rules(comparisons_max: int) -> tuple[type, ...]:
    """Return the rules of the specification; the one that compares fields in pairs stops after so many comparisons.

    graphql-core's own bound is half a million, which takes more than a second.
    """

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        """The same rule, sooner at its end."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons_max

    mended: dict[type, type] = {
        OverlappingFieldsCanBeMergedRule: BoundedOverlap,
        ValuesOfCorrectTypeRule: LocatedValues,
    }
    return tuple(mended.get(rule, rule) for rule in specified_rules)


class LocatedValues(ValuesOfCorrectTypeRule):
    """The same rule; a list or an object where a scalar belongs has a place too.

    graphql-core hands scalars a copy of such a literal, which has lost where it stood.
    """

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> Any:
        """Report what is wrong with a literal, always with its place."""
        if input_type:
            validate_input_literal(
                node,
                input_type,
                lambda error, _path: self.report_error(error if error.locations else GraphQLError(error.message, node)),
                None,
                None,
                self.context.hide_suggestions,
            )
        return SKIP
