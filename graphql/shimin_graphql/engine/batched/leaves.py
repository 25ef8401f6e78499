"""Scalars and enums, a whole column of them at once: where the types say that nothing changes, nothing is called."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum, Flag
from math import isfinite
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from graphql.pyutils import Undefined, inspect

_NONE = type(None)
_AS_THEY_ARE: dict[GraphQLLeafType, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
    GraphQLFloat: float,
}
"""Values of exactly this type leave a built-in scalar as they came; Int and Float have bounds beside."""
Failures = Sequence[tuple[int, Exception]]


class Leaves:
    """Completes the values of one field of a scalar or enum type."""

    __slots__ = ("_coerce", "_is_enum", "_names", "_null_error", "_nullable", "_same", "_unbounded", "kind")

    def __init__(self, kind: GraphQLLeafType, *, nullable: bool, null_error: str) -> None:
        """Complete values of ``kind``; a missing one is null, or ``null_error`` where null is not allowed."""
        self.kind = kind
        self._nullable = nullable
        self._null_error = null_error
        self._coerce = kind.coerce_output_value
        same = _AS_THEY_ARE.get(kind)
        self._same: frozenset[type] = frozenset() if same is None else frozenset({same, _NONE} if nullable else {same})
        self._unbounded = same in {str, bool}
        self._is_enum = isinstance(kind, GraphQLEnumType)
        self._names: dict[type, dict[Any, str]] = {}

    def complete(self, values: list[Any], kinds: set[type]) -> tuple[list[Any], Failures]:
        """Return the values as the response shows them, None where one failed, and what failed by its index.

        Args:
            kinds: the exact types that occur among the values.
        """
        if kinds <= self._same and (self._unbounded or self._in_bounds(values)):
            return values, ()
        if self._is_enum and len(kinds) == 1:
            names = self._names_of(*kinds)
            try:
                return [names[value] for value in values], ()
            except KeyError:
                pass
        return self._complete_each(values)

    def _complete_each(self, values: Iterable[Any]) -> tuple[list[Any], Failures]:
        results: list[Any] = []
        failures: list[tuple[int, Exception]] = []
        coerce, nullable = self._coerce, self._nullable
        for index, value in enumerate(values):
            result = None
            try:
                if isinstance(value, Exception):
                    failures.append((index, value))
                elif value is not None and value is not Undefined:
                    result = coerce(value)
                    if result is None or result is Undefined:
                        failures.append((index, self._nothing_returned(value, result)))
                        result = None
                elif not nullable:
                    failures.append((index, TypeError(self._null_error)))
            except Exception as error:  # noqa: BLE001 - whatever a type's own code raises is this value's error
                failures.append((index, error))
            results.append(result)
        return results, failures

    def _nothing_returned(self, value: Any, result: Any) -> TypeError:
        return TypeError(
            f"Expected `{inspect(self.kind)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
            f" returned: {inspect(result)}"
        )

    def _in_bounds(self, values: list[Any]) -> bool:
        numbers = [value for value in values if value is not None] if self._nullable else values
        if not numbers:
            return True
        if self.kind is GraphQLInt:
            return bool(min(numbers) >= GRAPHQL_MIN_INT and max(numbers) <= GRAPHQL_MAX_INT)
        return all(map(isfinite, numbers))

    def _names_of(self, kind: type) -> dict[Any, str]:
        """Return the name of each member of an enum class, learnt once; nothing of what is not a plain enum."""
        known = self._names.get(kind)
        if known is None:
            try:
                known = _learn(kind, self._coerce)
            except Exception:  # noqa: BLE001 - a member without a name fails where it is shown
                known = {}
            if issubclass(kind, Enum):
                self._names[kind] = known
        return known


def _learn(kind: type, coerce: Any) -> dict[Any, str]:
    if not issubclass(kind, Enum) or issubclass(kind, Flag):
        return {}
    names = {member: coerce(member) for member in kind}
    return names if all(isinstance(name, str) for name in names.values()) else {}


QUIET = frozenset({str, int, float, bool, _NONE, list, tuple, dict, datetime, date})
"""Types of which everything is known."""
