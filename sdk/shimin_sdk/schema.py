"""Types say what fits: a value from outside is read by annotation, and the same annotation gives its JSON Schema.

Taken: ``str int bool float Money date datetime``, ``Literal``, ``Enum`` of text, ``X | None``, a union of dataclasses
(picked by ``__typename``), ``list[X] tuple[X, ...] dict[str, X]`` and dataclasses of these, generic ones
with their parameters too (``Page[Bill]``). Bounds are written with ``Annotated``::

    reference: Annotated[str, Text(chars_max=40, pattern="[A-Z0-9-]+")]

Source: JSON Schema draft 2020-12.
"""

import dataclasses
import datetime as dt
import enum
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from shimin_sdk.bounds import ITEMS_MAX, Items, Range, Text
from shimin_sdk.errors import Problem, ValidationError
from shimin_sdk.money import AMOUNT_MINOR_MAX, MINOR_DIGITS, Money
from shimin_sdk.wire import camel, json_list, json_object

PROBLEMS_MAX = 20

T = TypeVar("T")


class Reading:
    """One reading: what was wrong so far, and whether unknown keys are refused."""

    def __init__(self, *, strict: bool) -> None:
        """Start with nothing wrong."""
        self.strict = strict
        self.problems: list[Problem] = []

    def wrong(self, path: str, reason: str, expected: str = "") -> None:
        """Note a problem; beyond ``PROBLEMS_MAX`` nobody reads on."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(path, reason, expected))


@dataclasses.dataclass(frozen=True)
class Codec:
    """How one annotation is read and described."""

    read: Callable[[Any, str, Reading], Any]
    schema: Mapping[str, Any]


def _plain(kind: type, name: str) -> Codec:
    def read(value: Any, path: str, reading: Reading) -> Any:
        if type(value) is kind or (kind is float and type(value) is int):
            return value
        return reading.wrong(path, "type", name)

    return Codec(read, {"type": name})


def _text(bounds: Text) -> Codec:
    pattern = re.compile(bounds.pattern) if bounds.pattern is not None else None
    schema: dict[str, Any] = {"type": "string", "maxLength": bounds.chars_max}
    if bounds.chars_min:
        schema["minLength"] = bounds.chars_min
    if bounds.pattern is not None:
        schema["pattern"] = f"^(?:{bounds.pattern})$"

    def read(value: Any, path: str, reading: Reading) -> Any:
        if not isinstance(value, str):
            return reading.wrong(path, "type", "string")
        if len(value) < bounds.chars_min:
            return reading.wrong(path, "too_short", f"at least {bounds.chars_min} characters")
        if len(value) > bounds.chars_max:
            return reading.wrong(path, "too_long", f"at most {bounds.chars_max} characters")
        if pattern is not None and not pattern.fullmatch(value):
            return reading.wrong(path, "pattern", pattern.pattern)
        return value

    return Codec(read, schema)


def _whole(bounds: Range) -> Codec:
    schema: dict[str, Any] = {"type": "integer"}
    if bounds.least is not None:
        schema["minimum"] = bounds.least
    if bounds.most is not None:
        schema["maximum"] = bounds.most

    def read(value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not int:
            return reading.wrong(path, "type", "integer")
        if bounds.least is not None and value < bounds.least:
            return reading.wrong(path, "too_small", f"at least {bounds.least}")
        if bounds.most is not None and value > bounds.most:
            return reading.wrong(path, "too_big", f"at most {bounds.most}")
        return value

    return Codec(read, schema)


def _money() -> Codec:
    digits = re.compile(r"-?[0-9]{1,16}")

    def read(value: Any, path: str, reading: Reading) -> Any:
        found = json_object(value) or {}
        amount = found.get("amountMinor")
        if isinstance(amount, str) and digits.fullmatch(amount):
            amount = int(amount)
        if type(amount) is not int or abs(amount) > AMOUNT_MINOR_MAX:
            return reading.wrong(path, "type", 'money: {"amountMinor": "12050", "currency": "CNY"}')
        currency = found.get("currency")
        if not isinstance(currency, str) or currency not in MINOR_DIGITS:
            return reading.wrong(f"{path}.currency", "not_allowed", " ".join(MINOR_DIGITS))
        return Money(amount, currency)

    amount = {"type": "string", "pattern": "^-?[0-9]{1,16}$"}
    properties = {"amountMinor": amount, "currency": {"enum": list(MINOR_DIGITS)}}
    return Codec(read, {"type": "object", "properties": properties, "required": ["amountMinor", "currency"]})


def _moment(kind: type[dt.date], name: str) -> Codec:
    def read(value: Any, path: str, reading: Reading) -> Any:
        try:
            found = kind.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None or (isinstance(found, dt.datetime) and found.tzinfo is None):
            return reading.wrong(path, "type", f"{name} (ISO 8601)")
        return found

    return Codec(read, {"type": "string", "format": name})


def _choice(values: Mapping[Any, Any]) -> Codec:
    """Read one of some JSON values; each maps to what the handler sees."""
    shown = " ".join(map(str, values))

    def read(value: Any, path: str, reading: Reading) -> Any:
        if isinstance(value, str | int) and value in values and type(value) in {type(item) for item in values}:
            return values[value]
        return reading.wrong(path, "not_allowed", shown)

    return Codec(read, {"enum": list(values)})


def _many(item: Codec, bounds: Items, make: Callable[[list[Any]], Any]) -> Codec:
    def read(value: Any, path: str, reading: Reading) -> Any:
        items = json_list(value)
        if items is None:
            return reading.wrong(path, "type", "array")
        if len(items) > bounds.items_max:
            return reading.wrong(path, "too_many", f"at most {bounds.items_max} items")
        if len(items) < bounds.items_min:
            return reading.wrong(path, "too_few", f"at least {bounds.items_min} items")
        return make([item.read(one, f"{path}[{at}]", reading) for at, one in enumerate(items)])

    schema: dict[str, Any] = {"type": "array", "items": item.schema, "maxItems": bounds.items_max}
    return Codec(read, {**schema, "minItems": bounds.items_min} if bounds.items_min else schema)


def _mapping(item: Codec) -> Codec:
    def read(value: Any, path: str, reading: Reading) -> Any:
        pairs = json_object(value)
        if pairs is None:
            return reading.wrong(path, "type", "object")
        if len(pairs) > ITEMS_MAX:
            return reading.wrong(path, "too_many", f"at most {ITEMS_MAX} keys")
        return {key: item.read(one, f"{path}.{key}", reading) for key, one in pairs.items()}

    return Codec(read, {"type": "object", "additionalProperties": item.schema, "maxProperties": ITEMS_MAX})


def _optional(inner: Codec) -> Codec:
    def read(value: Any, path: str, reading: Reading) -> Any:
        return None if value is None else inner.read(value, path, reading)

    return Codec(read, {"anyOf": [inner.schema, {"type": "null"}]})


def _union(members: Mapping[str, Codec]) -> Codec:
    """Read a union of dataclasses by ``__typename``; an interface's other types go to the first member that fits."""

    def read(value: Any, path: str, reading: Reading) -> Any:
        name = (json_object(value) or {}).get("__typename")
        if isinstance(name, str) and name in members:
            return members[name].read(value, path, reading)
        for member in members.values():
            trial = Reading(strict=reading.strict)
            found = member.read(value, path, trial)
            if not trial.problems:
                return found
        return reading.wrong(path, "type", " or ".join(members))

    different = list({id(member): member.schema for member in members.values()}.values())
    return Codec(read, {"anyOf": different})


def _typenames(kind: type) -> tuple[str, ...]:
    """Return what ``__typename`` is for a dataclass: its ``TYPENAMES``, else its own name."""
    found: tuple[str, ...] = getattr(kind, "TYPENAMES", (kind.__name__,))
    return found


def _with(hint: Any, parameters: Mapping[Any, Any]) -> Any:
    """Return an annotation with its type variables replaced."""
    if isinstance(hint, TypeVar):
        return parameters.get(hint, hint)
    open_ones = getattr(hint, "__parameters__", ())
    return hint[tuple(parameters.get(one, one) for one in open_ones)] if open_ones else hint


def _record(kind: Any, parameters: Mapping[Any, Any]) -> Codec:
    hints = {name: _with(hint, parameters) for name, hint in typing.get_type_hints(kind, include_extras=True).items()}
    fields = [f for f in dataclasses.fields(kind) if f.init]
    codecs = {f.name: compile_type(hints[f.name]) for f in fields}
    keys = {f.name: camel(f.name) for f in fields}
    needed = {f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}

    def read(value: Any, path: str, reading: Reading) -> Any:
        given = json_object(value)
        if given is None:
            return reading.wrong(path, "type", "object")
        before = len(reading.problems)
        found: dict[str, Any] = {}
        for name, key in keys.items():
            if key in given:
                found[name] = codecs[name].read(given[key], f"{path}.{key}", reading)
            elif name in needed:
                reading.wrong(f"{path}.{key}", "missing")
        if reading.strict:
            for key in sorted(given.keys() - keys.values()):
                reading.wrong(f"{path}.{key[:64]}", "unknown", f"one of {' '.join(keys.values())}" if keys else "none")
        if len(reading.problems) > before:
            return None
        try:
            return kind(**found)
        except (TypeError, ValueError) as error:
            return reading.wrong(path, "refused", str(error)[:200])

    schema = {
        "type": "object",
        "title": kind.__name__,
        "properties": {keys[name]: codec.schema for name, codec in codecs.items()},
        "required": [keys[f.name] for f in fields if f.name in needed],
        "additionalProperties": False,
    }
    return Codec(read, schema)


_ANYTHING = Codec(lambda value, _path, _reading: value, {})
_SIMPLE: Mapping[Any, Codec] = {
    str: _text(Text()),
    int: _whole(Range()),
    bool: _plain(bool, "boolean"),
    float: _plain(float, "number"),
    Money: _money(),
    dt.date: _moment(dt.date, "date"),
    dt.datetime: _moment(dt.datetime, "date-time"),
    object: _ANYTHING,
    Any: _ANYTHING,
}
_KNOWN: dict[Any, Codec] = {}
_OPEN: list[Any] = []


def _bounded(base: Any, extras: tuple[Any, ...]) -> Codec:
    for extra in extras:
        if isinstance(extra, Text) and base is str:
            return _text(extra)
        if isinstance(extra, Range) and base is int:
            return _whole(extra)
        if isinstance(extra, Items) and get_origin(base) in {list, tuple}:
            return _sequence(base, extra)
    return compile_type(base)


def _sequence(annotation: Any, bounds: Items) -> Codec:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is list and len(inside) == 1:
        return _many(compile_type(inside[0]), bounds, list)
    if origin is tuple and len(inside) == 2 and inside[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        return _many(compile_type(inside[0]), bounds, tuple)
    msg = f"{annotation!r}: lists are list[X] or tuple[X, ...]"
    raise TypeError(msg)


def _either(inside: tuple[Any, ...]) -> Codec:
    members = [item for item in inside if item is not type(None)]
    if len(members) == 1:
        codec = compile_type(members[0])
    elif all(dataclasses.is_dataclass(item) and isinstance(item, type) for item in members):
        codec = _union({name: compile_type(item) for item in members for name in _typenames(item)})
    else:
        msg = f"a union is of dataclasses, or X | None; not {' | '.join(map(str, inside))}"
        raise TypeError(msg)
    return codec if len(members) == len(inside) else _optional(codec)


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _parameters(origin: object) -> tuple[Any, ...]:
    """Return the type variables of a generic dataclass."""
    found: tuple[Any, ...] = getattr(origin, "__parameters__", ())
    return found


def _compile(annotation: Any) -> Codec:  # noqa: PLR0911 - one return for each kind of annotation
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(inside[0], inside[1:])
    if origin in {Union, types.UnionType}:
        return _either(inside)
    if origin is Literal:
        return _choice({item: item for item in inside})
    if origin in {list, tuple}:
        return _sequence(annotation, Items())
    if origin in {dict, Mapping} and inside[:1] == (str,):
        return _mapping(compile_type(inside[1]))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _choice({item.value: item for item in annotation})
    record: Any = annotation if origin is None else origin  # pyright: ignore[reportUnknownVariableType]
    if _is_record(record):  # pyright: ignore[reportUnknownArgumentType]
        if annotation in _OPEN:
            msg = f"{annotation!r} holds itself: what is read from outside has a fixed depth"
            raise TypeError(msg)
        _OPEN.append(annotation)
        try:
            return _record(record, dict(zip(_parameters(origin), inside, strict=False)))
        finally:
            _OPEN.pop()
    msg = f"{annotation!r} cannot be read from JSON; see shimin_sdk.schema for what can"
    raise TypeError(msg)


def compile_type(annotation: Any) -> Codec:
    """Return how an annotation is read; made once for each.

    Raises:
        TypeError: a type that has no form on the wire, with what to write instead.
    """
    found = _SIMPLE.get(annotation) or _KNOWN.get(annotation)
    if found is None:
        found = _KNOWN[annotation] = _compile(annotation)
    return found


def read_as(annotation: type[T], value: object, *, path: str = "input", strict: bool = True) -> T:
    """Read a JSON value as a type.

    Args:
        annotation: what the value should be.
        value: what ``json.loads`` made of it.
        path: how problems name the value.
        strict: refuse unknown keys (inputs); otherwise leave them out (answers of the core).

    Raises:
        ValidationError: with every problem found, at most ``PROBLEMS_MAX``.
        TypeError: the annotation itself cannot be read.
    """
    reading = Reading(strict=strict)
    found = compile_type(annotation).read(value, path, reading)
    if reading.problems:
        raise ValidationError(reading.problems)
    result: T = found
    return result


def schema_of(annotation: Any) -> Mapping[str, Any]:
    """Return the JSON Schema (2020-12) of an annotation.

    Raises:
        TypeError: a type that has no form on the wire.
    """
    return compile_type(annotation).schema
