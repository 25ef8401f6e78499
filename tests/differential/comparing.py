"""What it means that two ways to run a document give the same answer, and where they first differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Difference:
    """How an answer differs from the one it should be."""

    place: str
    disputed: Sequence[Mapping[str, Any]] = ()
    """Where all that differs is which error is told below one null: those that were. One at least must be possible."""


def difference(expected: bytes, found: bytes) -> Difference | None:
    """Return how an answer differs from the one it should be, or None where it is the same to the byte.

    Errors are told apart by what they say, not by their order: the specification gives them none (section 7.1.2). Where
    several fields failed below one null, a way to run the document may stop at any of them (section 6.4.4).
    """
    if expected == found:
        return None
    left = orjson.loads(expected)
    try:
        right = orjson.loads(found)
    except ValueError as error:
        return Difference(f"not JSON: {error}")
    if orjson.dumps(right) != found:
        return Difference("not written as JSON is written elsewhere")
    here = next(_differing(_without_errors(left), _without_errors(right), "$"), None)
    if here is not None:
        return Difference(here)
    return _different_errors(left, right)


def _without_errors(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in answer.items() if key != "errors"}


def _differing(left: Any, right: Any, path: str) -> Iterator[str]:
    if type(left) is not type(right):
        yield f"{path}: {_short(left)} and {_short(right)}"
    elif isinstance(left, dict):
        if list(left) != list(right):
            yield f"{path}: members {list(left)} and {list(right)}"
        for key in left.keys() & right.keys():
            yield from _differing(left[key], right[key], f"{path}.{key}")
    elif isinstance(left, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} and {len(right)} elements"
        for number, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _differing(one, other, f"{path}[{number}]")
    elif left != right:
        yield f"{path}: {_short(left)} and {_short(right)}"


def _short(value: Any) -> str:
    return orjson.dumps(value).decode()[:200]


def _different_errors(left: Mapping[str, Any], right: Mapping[str, Any]) -> Difference | None:
    expected, found = _by_null(left), _by_null(right)
    if expected.keys() != found.keys():
        return Difference(f"errors at {sorted(expected)} and at {sorted(found)}")
    disputed: list[Mapping[str, Any]] = []
    place = ""
    for null, errors in expected.items():
        others = found[null]
        if errors == others:
            continue
        place = f"errors at {null}: {errors} and {others}"
        if not all(_went_outwards(error, null) for error in (*errors, *others)):
            return Difference(place)
        if not set(errors) & set(others):
            disputed += map(orjson.loads, others)
    return Difference(place, disputed) if disputed else None


def _went_outwards(error: str, null: str) -> bool:
    path = orjson.loads(error).get("path")
    return path is not None and f"{path}" != null


def _by_null(answer: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Return the errors by the null that shows them."""
    found: dict[str, list[str]] = {}
    for error in answer.get("errors", ()):
        path = error.get("path")
        null = "the request" if path is None else _null_of(answer.get("data"), path)
        found.setdefault(null, []).append(orjson.dumps(error, option=orjson.OPT_SORT_KEYS).decode())
    return {null: sorted(errors) for null, errors in found.items()}


def _null_of(data: Any, path: list[str | int]) -> str:
    for depth, step in enumerate(path):
        if data is None:
            return f"{path[:depth]}"
        data = data[step]
    return f"{path}"
