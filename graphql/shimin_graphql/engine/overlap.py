"""Merging fields of the same name, with a bound on how much is compared."""

from graphql import OverlappingFieldsCanBeMergedRule, ValidationContext, specified_rules


def validation_rules(comparisons_max: int) -> tuple[type, ...]:
    """Return the rules of the specification; the one that compares fields in pairs stops after so many comparisons.

    graphql-core's own bound is half a million, which takes more than a second.
    """

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        """The same rule, sooner at its end."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons_max

    return tuple(BoundedOverlap if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)
