"""Reading the registrations of sources: everything they may ask and answer, and every limit, is written out."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from shimin.kit.ids import DepartmentId
from shimin.ports.registration import OperationSpec, Schema, SourceSpec
from shimin.vault.errors import SourceRegistrationInvalid

REGISTRATION_BYTES_MAX = 1024 * 1024
TIMEOUT_S_MAX = 10.0
ANSWER_BYTES_MAX = 1024 * 1024
KEPT_S_MAX = 86_400.0
KEPT_SENSITIVE_S_MAX = 600.0
"""An answer with a sensitive field is kept in memory at most this long."""
SCHEMA_DEPTH_MAX = 8
ITEMS_MAX = 1_000
TEXT_CHARS_MAX = 10_000
CLASSIFICATIONS = ("public", "personal", "sensitive")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DEPARTMENT = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+")
_PATH = re.compile(r"(/[a-z0-9][a-z0-9-]{0,60}){1,6}")
_SCALARS = {"string", "integer", "number", "boolean"}
_KEYWORDS = {
    *("type", "description", "classification", "enum", "required", "properties", "items", "maxItems", "minItems"),
    *("format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
}


def read_registrations(text: str) -> Mapping[str, SourceSpec]:
    """Read a TOML file of registrations; one table a source.

    Every object schema lists its ``properties``, every array its ``items`` and ``maxItems``, every string a
    ``maxLength``; every returned leaf has a ``classification`` (public, personal, sensitive). References between
    schemas are not admitted: what passes can be read off the page.

    Raises:
        SOURCE_REGISTRATION_INVALID: names the place and what is wrong there.
    """
    if len(text.encode()) > REGISTRATION_BYTES_MAX:
        raise SourceRegistrationInvalid(where="file", problem=f"larger than {REGISTRATION_BYTES_MAX} bytes")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceRegistrationInvalid(where="file", problem=f"is not TOML: {error}") from None
    return {name: _source(name, table) for name, table in tables.items()}


def _source(name: str, table: Any) -> SourceSpec:
    _need(bool(_NAME.fullmatch(name)), name, "a source's name is lower-case letters, digits and _")
    _known(name, table, ("department_id", "operations"))
    department = _text(name, table, "department_id")
    _need(bool(_DEPARTMENT.fullmatch(department)), f"{name}.department_id", "is not a reverse-DNS name")
    operations = table.get("operations")
    _need(isinstance(operations, dict) and bool(operations), f"{name}.operations", "needs at least one operation")
    return SourceSpec(
        name=name,
        department_id=DepartmentId(department),
        operations={key: _operation(f"{name}.operations.{key}", key, value) for key, value in operations.items()},
    )


def _operation(where: str, name: str, table: Any) -> OperationSpec:
    _need(bool(_NAME.fullmatch(name)), where, "an operation's name is lower-case letters, digits and _")
    _known(where, table, ("path", "timeout_s", "answer_bytes_max", "fresh_s", "stale_s", "inputs", "returns"))
    path = _text(where, table, "path")
    _need(bool(_PATH.fullmatch(path)), f"{where}.path", "is not a plain absolute path")
    inputs, returns = table.get("inputs"), table.get("returns")
    _check_schema(f"{where}.inputs", inputs, classify=False)
    _check_schema(f"{where}.returns", returns, classify=True)
    _need(inputs["type"] == "object" and returns["type"] == "object", where, "inputs and returns are objects")
    kept_max = KEPT_SENSITIVE_S_MAX if "sensitive" in set(_classifications(returns)) else KEPT_S_MAX
    return OperationSpec(
        name=name,
        path=path,
        timeout_s=_number(where, table, "timeout_s", low=0.05, high=TIMEOUT_S_MAX),
        answer_bytes_max=int(_number(where, table, "answer_bytes_max", low=64, high=ANSWER_BYTES_MAX)),
        fresh_s=_number(where, table, "fresh_s", low=0, high=kept_max),
        stale_s=_number(where, table, "stale_s", low=0, high=kept_max),
        inputs=inputs,
        returns=returns,
    )


def _check_schema(where: str, schema: Any, *, classify: bool, depth: int = 0) -> None:
    """Admit a schema of the closed subset."""
    _known(where, schema, _KEYWORDS)
    _need(depth < SCHEMA_DEPTH_MAX, where, f"is nested deeper than {SCHEMA_DEPTH_MAX}")
    kinds = _kinds(schema)
    _need(len(kinds) == 1, where, "needs one type (with “null” beside it where it may be absent)")
    kind = kinds[0]
    if kind == "object":
        properties = schema.get("properties")
        _need(isinstance(properties, dict) and bool(properties), where, "an object lists its properties")
        _need(set(schema.get("required", ())) <= set(properties), where, "requires what it does not declare")
        for name, member in properties.items():
            _check_schema(f"{where}.{name}", member, classify=classify, depth=depth + 1)
    elif kind == "array":
        _need(_count(schema, "maxItems") <= ITEMS_MAX, where, f"an array has maxItems of at most {ITEMS_MAX}")
        _check_schema(f"{where}[]", schema.get("items"), classify=classify, depth=depth + 1)
    else:
        _need(kind in _SCALARS, where, f"has an unknown type {kind!r}")
        _need(kind != "string" or _count(schema, "maxLength") <= TEXT_CHARS_MAX, where, "a text has a maxLength")
        classified = schema.get("classification") in CLASSIFICATIONS
        _need(classified or not classify, where, f"needs a classification: {', '.join(CLASSIFICATIONS)}")


def _count(schema: Mapping[str, Any], name: str) -> float:
    """Return a count the schema states; infinity where it states none."""
    value = schema.get(name)
    return value if type(value) is int and value > 0 else math.inf


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    """Return the schema's types, “null” aside."""
    kinds = schema.get("type", [])
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]


def _classifications(schema: Schema) -> Iterable[str]:
    """Yield the classification of every leaf."""
    for member in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else ())):
        yield from _classifications(member)
    if "classification" in schema:
        yield schema["classification"]


def _known(where: str, table: Any, names: Iterable[str]) -> None:
    _need(isinstance(table, dict), where, "is missing or not a table")
    unknown = sorted(set(table) - set(names))
    _need(not unknown, where, f"has unknown keys: {', '.join(unknown)}")


def _text(where: str, table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise SourceRegistrationInvalid(where=f"{where}.{name}", problem="is missing or not a text")
    return value


def _number(where: str, table: Mapping[str, Any], name: str, *, low: float, high: float) -> float:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SourceRegistrationInvalid(where=f"{where}.{name}", problem=f"is not a number from {low} to {high}")
    return float(value)


def _need(holds: bool, where: str, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise SourceRegistrationInvalid(where=where, problem=problem)
