"""What a document costs, as a function of its variables: worked out once, evaluated for each request.

A field costs its weight; a list multiplies what is asked of its elements by its length, a page by its size; ``@skip``
and ``@include`` multiply by nothing or one. What only variables decide stays open as a factor.

Source: the terms are those of the GraphQL Cost Directives specification (weight, assumed size, slicing arguments).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

from shimin.db.reading import PAGE_DEFAULT, PAGE_MAX
from shimin_graphql.engine.mapping import definition_of
from shimin_graphql.engine.selection import default_of

WEIGHT = "shimin.weight"
"""The key under which a Strawberry field's metadata holds its weight."""
MANY = 10**9
"""Where costs and counts stop growing."""
LIST_SIZE_ASSUMED = 10
"""Elements of a list that has no page size and declares none."""
RESOLVER_COST = 5
"""What a field costs that runs code of its own, unless it declares more."""
MUTATION_COST = 20
"""What a mutation costs unless it declares more: it writes, and its facts are delivered."""
SEARCH_COST = 50
"""What a field costs that searches."""
REMOTE_COST = 100
"""What a field costs that asks somebody else's server or runs a mini-app."""
INTROSPECTION_DISCOUNT = 7
"""Fields of introspection that cost one point: no row is read for them."""
_INTROSPECTION_SIZES = {"types": 200, "fields": 6, "directives": 10}
_INTROSPECTION_SIZE = 2
_DIGITS_MAX = 9

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a field costs by itself, and how many elements its list is assumed to have."""

    cost: int = 1
    size: int = LIST_SIZE_ASSUMED


@dataclass(frozen=True, slots=True)
class PageSize:
    """The size of a page: the larger of the numbers that are given, ``otherwise`` where none is."""

    given: tuple[int | str, ...]
    """Numbers as written, variables by name."""
    otherwise: int

    def at(self, variables: Values) -> int:
        """Return the size for these variables."""
        found = [_number(variables.get(item)) if isinstance(item, str) else item for item in self.given]
        return self._largest([item for item in found if item is not None])

    @property
    def most(self) -> int:
        """The largest size that any variables lead to: beyond it the field refuses."""
        return self._largest([PAGE_MAX if isinstance(item, str) else item for item in self.given])

    def _largest(self, found: Sequence[int]) -> int:
        return max(0, min(MANY, max(found, default=self.otherwise)))


def _number(value: Any) -> int | None:
    """Return a number; what is none is left to coercion, which refuses it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(max(-MANY, min(value, MANY)))
    return None


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether a directive lets something be asked for: nothing or one."""

    variable: str
    wanted: bool
    most: ClassVar[int] = 1

    def at(self, variables: Values) -> int:
        """Return 0 or 1 for these variables."""
        value = variables.get(self.variable)
        return 0 if isinstance(value, bool) and value is not self.wanted else 1


Factor: TypeAlias = int | PageSize | Flag


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of points: a constant, and what variables multiply."""

    constant: int = 0
    terms: tuple[tuple[Factor, "Cost"], ...] = ()
    most: int = 0
    """The most that any variables lead to; worked out once, when parts are put together."""

    def at(self, variables: Values) -> int:
        """Return the points for these variables, defaults included.

        Takes as long as the fragments expanded; the limit of fields keeps that short.
        """
        found = self.constant
        for factor, below in self.terms:
            found += (factor if isinstance(factor, int) else factor.at(variables)) * below.at(variables)
        return min(found, MANY)

    def times(self, factor: Factor) -> "Cost":
        """Return the product."""
        if factor == 1 or not self.most:
            return self
        if isinstance(factor, int) and not self.terms:
            return points(self.constant * factor)
        most = self.most * (factor if isinstance(factor, int) else factor.most)
        return Cost(0, ((factor, self),), min(most, MANY))


def points(number: int) -> Cost:
    """Return a cost that no variable changes."""
    number = min(number, MANY)
    return Cost(number, (), number)


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum; a part that is open stays one term, so that no part is ever written out twice."""
    constant = most = 0
    terms: list[tuple[Factor, Cost]] = []
    for cost in costs:
        most += cost.most
        if cost.terms:
            terms.append((1, cost))
        else:
            constant += cost.constant
    return Cost(min(constant, MANY), tuple(terms), min(most, MANY))


def weight_of(item: GraphQLField | None, parent: GraphQLNamedType | None) -> Weight:
    """Return a field's weight: the declared one, else by whether it runs code of its own."""
    if item is None or parent is None:
        return _PLAIN
    definition = definition_of(item)
    declared: Weight | None = getattr(definition, "metadata", {}).get(WEIGHT)
    if declared is not None:
        return declared
    return _RESOLVED if getattr(definition, "base_resolver", None) is not None else _PLAIN


_PLAIN = Weight()
_RESOLVED = Weight(cost=RESOLVER_COST)


def introspection_share(below: int, name: str, item: GraphQLField | None) -> int:
    """Return what is asked below a field of introspection, by the assumed length of its list.

    Most types wrap no other, so what is asked of ``ofType`` counts half, and below another one a quarter.
    """
    if name == "ofType":
        return below // 2
    return below * _INTROSPECTION_SIZES.get(name, _INTROSPECTION_SIZE) if is_list(item) else below


def is_list(item: GraphQLField | None) -> bool:
    """Tell whether a field answers with a list."""
    kind = item.type if item else None
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def page_size(node: FieldNode, item: GraphQLField | None) -> PageSize | None:
    """Return the size that a field's slicing arguments say, or None where it takes none."""
    slicing = {name: item.args[name] for name in ("first", "last") if name in item.args} if item else {}
    if not slicing:
        return None
    usual = [default_of(argument) for argument in slicing.values()]
    otherwise = next((value for value in usual if isinstance(value, int)), PAGE_DEFAULT)
    given = [_given(a.value) for a in node.arguments or () if a.name.value in slicing]
    return PageSize(tuple(item for item in given if item is not None), otherwise)


def _given(value: ValueNode) -> int | str | None:
    if isinstance(value, VariableNode):
        return value.name.value
    if isinstance(value, IntValueNode):
        return int(value.value) if len(value.value) <= _DIGITS_MAX else MANY
    return None


def inclusion(directives: Iterable[DirectiveNode] | None) -> Factor:
    """Return what ``@skip`` and ``@include`` multiply by; of two that variables decide, the first."""
    factor: Factor = 1
    for directive in directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        wanted = directive.name.value == "include"
        for argument in directive.arguments or ():
            if isinstance(argument.value, BooleanValueNode) and argument.value.value is not wanted:
                return 0
            if isinstance(argument.value, VariableNode) and factor == 1:
                factor = Flag(argument.value.name.value, wanted)
    return factor


def defaults_of(operation: OperationDefinitionNode) -> Values:
    """Return the defaults of an operation's variables, as far as costs look at them."""
    return {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None and not isinstance(node.default_value, NullValueNode)
    }
