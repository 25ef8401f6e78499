"""Bounds for values, written in a document or sent as variables: how long, how many, how deep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ConstValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)

from shimin_graphql.engine.errors import DocumentTooCostly, VariablesTooLarge


@dataclass(frozen=True, slots=True)
class ValueLimits:
    """How much a value may hold."""

    list_items: int = 100
    object_members: int = 100
    string_chars: int = 10_000
    number_digits: int = 40
    """Characters of a number as it is written."""
    value_depth: int = 20
    values: int = 2_000
    """Values of one request together, those inside of others included."""


def check_literal(value: ValueNode | ConstValueNode, limits: ValueLimits) -> None:
    """Go on only if a value written in a document is within the limits.

    Raises:
        DocumentTooCostly: names the limit.
    """
    waiting: list[tuple[ValueNode, int]] = [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > limits.value_depth:
            raise DocumentTooCostly(limit="value_depth", found=depth, allowed=limits.value_depth)
        match node:
            case ListValueNode(values=items):
                _check("list_items", len(items), limits.list_items)
                waiting += [(item, depth + 1) for item in items]
            case ObjectValueNode(fields=members):
                _check("object_members", len(members), limits.object_members)
                waiting += [(member.value, depth + 1) for member in members]
            case StringValueNode(value=text):
                _check("string_chars", len(text), limits.string_chars)
            case IntValueNode(value=text) | FloatValueNode(value=text):
                _check("number_digits", len(text), limits.number_digits)


def _check(limit: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise DocumentTooCostly(limit=limit, found=found, allowed=allowed)


def check_variables(variables: Mapping[str, Any], limits: ValueLimits) -> None:
    """Go on only if the variables of a request are within the limits; whatever document they are for.

    Raises:
        VariablesTooLarge: names the limit.
    """
    if all(map(_is_short, variables.values())):
        allowed = limits.object_members
        if len(variables) > allowed:
            raise VariablesTooLarge(limit="object_members", found=len(variables), allowed=allowed)
        return
    number = 0
    waiting: list[tuple[Any, int]] = [(variables, 0)]
    while waiting:
        value, depth = waiting.pop()
        found = _beyond(value, depth, limits)
        number += 1
        if found is None and number > limits.values:
            found = ("values", number, limits.values)
        if found is not None:
            raise VariablesTooLarge(limit=found[0], found=found[1], allowed=found[2])
        if isinstance(value, Mapping):
            waiting += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value]


_SHORT = frozenset({bool, float, type(None)})
_SHORT_CHARS = 1_000
_SHORT_MAX = 2**63


def _is_short(value: Any) -> bool:
    kind = type(value)
    if kind is int:
        return bool(-_SHORT_MAX <= value < _SHORT_MAX)
    return kind in _SHORT or (kind is str and len(value) <= _SHORT_CHARS)


def _beyond(value: Any, depth: int, limits: ValueLimits) -> tuple[str, int, int] | None:
    """Return the limit that a value is beyond by itself, what was found and what is allowed."""
    checked = [("value_depth", depth, limits.value_depth)]
    match value:
        case Mapping():
            checked += [
                ("object_members", len(value), limits.object_members),
                ("string_chars", max(map(len, value), default=0), limits.string_chars),
            ]
        case list():
            checked.append(("list_items", len(value), limits.list_items))
        case str():
            checked.append(("string_chars", len(value), limits.string_chars))
        case int():
            digits_at_least = value.bit_length() * 3 // 10
            checked.append(("number_digits", digits_at_least, limits.number_digits))
    return next((item for item in checked if item[1] > item[2]), None)
