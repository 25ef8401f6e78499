"""A small JSON Schema validator: exactly the keywords that our own schemas use, and no other.

A keyword it does not know is an error at load, so a schema never promises more than is checked.

Source: JSON Schema 2020-12, core and validation.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

Found = tuple[str, str, str]
"""Path in the value, keyword that failed, what would fit."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
}
_SILENT = {"$schema", "title", "$defs", "description"}
_KNOWN = {
    *("$ref", "type", "enum", "required", "properties", "additionalProperties", "items", "minItems", "maxItems"),
    *("uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum"),
}


class Schema:
    """One of our schemas, ready to check values."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        """Take a schema.

        Raises:
            ValueError: it uses a keyword that would not be checked.
        """
        self._root = root
        self._review(root)
        for part in root.get("$defs", {}).values():
            self._review(part)

    def _review(self, schema: Mapping[str, Any]) -> None:
        unknown = schema.keys() - _KNOWN - _SILENT
        if unknown:
            msg = f"keywords that are not checked: {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        for part in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else ())):
            self._review(part)

    def problems(self, value: Any) -> list[Found]:
        """Return every mismatch, at most 50, in the order of the value."""
        found: list[Found] = []
        for item in self._check(self._root, value, ""):
            found.append(item)
            if len(found) == 50:  # noqa: PLR2004 - nobody reads on
                break
        return found

    def _check(self, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Found]:
        if "$ref" in schema:
            yield from self._check(self._root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, path)
        kind = schema.get("type")
        if kind is not None and (
            not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool))
        ):
            yield path, "type", kind
            return
        if "enum" in schema and not any(value == item and type(value) is type(item) for item in schema["enum"]):
            yield path, "enum", " | ".join(map(str, schema["enum"]))
        if isinstance(value, dict):
            yield from self._object(schema, value, path)
        elif isinstance(value, list):
            yield from self._array(schema, value, path)
        elif isinstance(value, str):
            yield from _string(schema, value, path)
        elif isinstance(value, int):
            yield from _number(schema, value, path)

    def _object(self, schema: Mapping[str, Any], value: dict[str, Any], path: str) -> Iterator[Found]:
        for key in schema.get("required", ()):
            if key not in value:
                yield _at(path, key), "required", key
        properties = schema.get("properties", {})
        for key, item in value.items():
            if key in properties:
                yield from self._check(properties[key], item, _at(path, key))
            elif schema.get("additionalProperties") is False:
                yield _at(path, key[:64]), "unknown", " ".join(properties)

    def _array(self, schema: Mapping[str, Any], value: list[Any], path: str) -> Iterator[Found]:
        if len(value) < schema.get("minItems", 0):
            yield path, "minItems", str(schema["minItems"])
        if len(value) > schema.get("maxItems", len(value)):
            yield path, "maxItems", str(schema["maxItems"])
            return
        if schema.get("uniqueItems"):
            seen = [json.dumps(item, sort_keys=True) for item in value]
            if len(set(seen)) < len(seen):
                yield path, "uniqueItems", "each once"
        for at, item in enumerate(value):
            yield from self._check(schema.get("items", {}), item, f"{path}[{at}]")


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _string(schema: Mapping[str, Any], value: str, path: str) -> Iterator[Found]:
    if len(value) < schema.get("minLength", 0):
        yield path, "minLength", str(schema["minLength"])
    if len(value) > schema.get("maxLength", len(value)):
        yield path, "maxLength", str(schema["maxLength"])
    elif "pattern" in schema and not _pattern(schema["pattern"]).search(value):
        yield path, "pattern", schema["pattern"]


def _number(schema: Mapping[str, Any], value: int, path: str) -> Iterator[Found]:
    if value < schema.get("minimum", value):
        yield path, "minimum", str(schema["minimum"])
    if value > schema.get("maximum", value):
        yield path, "maximum", str(schema["maximum"])


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """Compile an ECMA pattern; its ``$`` is the very end, where Python's also stands before a last line break."""
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


@cache
def schema(name: str) -> Schema:
    """Return one of the schemas of this distribution: ``manifest`` or ``form``."""
    text = (resources.files("shimin_sdk.pack") / "schemas" / f"{name}.schema.json").read_text("utf-8")
    return Schema(json.loads(text))
