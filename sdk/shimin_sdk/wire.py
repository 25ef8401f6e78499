"""Between Python values and JSON text: names, numbers and limits that both sides rely on.

Python's ``months_paid`` is ``monthsPaid`` on the wire, in inputs, answers and GraphQL variables alike.
"""

import dataclasses
import datetime as dt
import enum
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from shimin_sdk.money import Money

DEPTH_MAX = 32
"""Deepest nesting of objects and lists that is read or written."""
INPUT_BYTES_MAX = 256 * 1024
"""Largest input of one call."""

_WORD = re.compile(r"_+([a-z0-9])")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
"""A text may lack its end: matched all the same, or each of many would be sought to the end of the input."""


class NotJson(ValueError):  # noqa: N818 - says what happened
    """A text that is not one JSON value within the limits; ``reason`` names which rule."""

    def __init__(self, reason: str, expected: str) -> None:
        """Keep the rule and what would fit."""
        super().__init__(f"{reason}: {expected}")
        self.reason = reason
        self.expected = expected


def json_object(value: object) -> dict[str, Any] | None:
    """Return a JSON value if it is an object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def json_list(value: object) -> list[Any] | None:
    """Return a JSON value if it is a list."""
    return cast("list[Any]", cast("object", value)) if isinstance(value, list) else None


def camel(name: str) -> str:
    """Return ``months_paid`` as ``monthsPaid``."""
    return _WORD.sub(lambda found: found[1].upper(), name)


def _depth(text: str) -> int:
    """Return how deep a JSON text nests, without parsing it: a deep text must never reach the parser's stack."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return 0
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        mark = found[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object and refuse a key that comes twice: readers differ in which value they keep."""
    found = dict(pairs)
    if len(found) != len(pairs):
        reason, expected = "duplicate_key", "each key once"
        raise NotJson(reason, expected)
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotJson("number", f"a finite number, not {name}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotJson("number", "a finite number")
    return value


def read_json(text: str, bytes_max: int | None = None) -> Any:
    """Read one JSON value.

    Args:
        text: the JSON text.
        bytes_max: largest size in UTF-8, or None where the sender is trusted to have bounded it.

    Raises:
        NotJson: too big, too deep, a key twice, NaN or Infinity, or not JSON.
    """
    if bytes_max is not None and (len(text) > bytes_max or len(text.encode("utf-8", "replace")) > bytes_max):
        reason, expected = "too_big", f"at most {bytes_max} bytes"
        raise NotJson(reason, expected)
    if _depth(text) > DEPTH_MAX:
        reason, expected = "too_deep", f"at most {DEPTH_MAX} levels"
        raise NotJson(reason, expected)
    try:
        value: Any = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()  # refuses half a character
    except NotJson:
        raise
    except UnicodeEncodeError:
        reason, expected = "text", "well-formed Unicode"
        raise NotJson(reason, expected) from None
    except (ValueError, RecursionError):
        reason, expected = "type", "one JSON value"
        raise NotJson(reason, expected) from None
    return value


def to_wire(value: object, _level: int = 0) -> Any:  # noqa: PLR0911 - one return for each kind of value
    """Return a value as what JSON can hold: dataclasses become objects with camelCase keys.

    Raises:
        TypeError: a type that has no form on the wire, or nesting beyond ``DEPTH_MAX``.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    if _level > DEPTH_MAX:
        msg = f"an answer nests at most {DEPTH_MAX} levels"
        raise TypeError(msg)
    if isinstance(value, Money):
        return {"amountMinor": str(value.amount_minor), "currency": value.currency}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(f.name): to_wire(getattr(value, f.name), _level + 1) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {_key(key): to_wire(item, _level + 1) for key, item in pairs.items()}
    if isinstance(value, list | tuple):
        return [to_wire(item, _level + 1) for item in cast("Sequence[object]", value)]
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and math.isfinite(value):
        return value
    msg = f"{type(value).__name__} has no form on the wire; return dataclasses, lists, str, int, bool, Money, dates"
    raise TypeError(msg)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    msg = f"keys on the wire are text, not {type(key).__name__}"
    raise TypeError(msg)


def to_json(value: object) -> str:
    """Return a value as compact JSON text."""
    return json.dumps(to_wire(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
