"""What a release may export and import, and how far a call may travel."""

import time
from typing import Any

import pytest

from shimin.exchange import (
    Export,
    Import,
    ServiceChainRefused,
    ServiceDeclarationInvalid,
    ServiceMismatch,
    ServiceName,
    check_value,
    need_declarations,
)
from shimin.exchange.model import EXPORTS_MAX, IMPORTS_MAX, check_chain

APP, OTHER = "linhai.hrss.pension", "linhai.psb.residence"
WORDS = {"zh-Hans": "核对户籍", "en": "Check the residence"}
OPEN = {"type": "object"}
PERSON = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 20, "pattern": "^[A-Z][a-z]+$"},
        "since": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["a", "b"]}},
    },
}


def export(schema: Any, operation: str = "verify") -> None:
    need_declarations(APP, [Export(operation, OPEN, schema)], [])


def nested(depth: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": nested(depth - 1)}} if depth else {"type": "object"}


def test_a_schema_as_the_sdk_describes_types_is_taken() -> None:
    export(PERSON)
    export(nested(5))


BAD_SCHEMAS: dict[str, Any] = {
    "no object": {"type": "string"},
    "no type": {},
    "a reference": {"type": "object", "properties": {"a": {"$ref": "#"}}},
    "a remote reference": {"type": "object", "$ref": "https://elsewhere.example/x.json"},
    "definitions": {"type": "object", "$defs": {"a": {}}},
    "an id": {"type": "object", "$id": "https://elsewhere.example/"},
    "a dynamic reference": {"type": "object", "$dynamicRef": "#a"},
    "patterns of names": {"type": "object", "patternProperties": {"^(a+)+$": {}}},
    "all of": {"type": "object", "allOf": [OPEN]},
    "not": {"type": "object", "not": {}},
    "unique items": {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}},
    "an unknown word": {"type": "object", "x-secret": 1},
    "an unknown format": {"type": "object", "properties": {"a": {"format": "regex"}}},
    "many branches": {"type": "object", "properties": {"a": {"anyOf": [{}] * 5}}},
    "too deep": nested(20),
    "too many parts": {"type": "object", "properties": {str(number): {} for number in range(301)}},
    "too large": {"type": "object", "description": "x" * 20_000},
    "a pattern that looks back": {"type": "object", "properties": {"a": {"pattern": "(a)\\1"}}},
    "a pattern that looks ahead": {"type": "object", "properties": {"a": {"pattern": "(?=a)"}}},
    "a pattern that is none": {"type": "object", "properties": {"a": {"pattern": "("}}},
    "a type that is none": {"type": "object", "properties": {"a": {"type": "person"}}},
    "a number as a text": {"type": "object", "properties": {"a": {"maxLength": "20"}}},
    "properties as a list": {"type": "object", "properties": ["a"]},
    "a schema as a text": {"type": "object", "properties": {"a": "string"}},
}


@pytest.mark.parametrize("case", BAD_SCHEMAS)
def test_any_other_schema_is_refused(case: str) -> None:
    with pytest.raises(ServiceDeclarationInvalid):
        export(BAD_SCHEMAS[case])


@pytest.mark.parametrize("operation", ["", "Verify", "verify-it", "1verify", "a" * 65, "ver/ify"])
def test_an_operations_name_is_a_functions_name(operation: str) -> None:
    with pytest.raises(ServiceDeclarationInvalid):
        export(OPEN, operation)


def test_imports_name_other_apps_once_and_within_bounds() -> None:
    def used(*names: ServiceName) -> None:
        need_declarations(APP, [], [Import(name, WORDS, "P0D") for name in names])

    used(ServiceName(OTHER, "verify"), ServiceName(OTHER, "move"))
    for names in (
        [ServiceName(OTHER, "verify")] * 2,
        [ServiceName(APP, "verify")],
        [ServiceName("police", "verify")],
        [ServiceName(OTHER, f"o{number}") for number in range(IMPORTS_MAX + 1)],
    ):
        with pytest.raises(ServiceDeclarationInvalid):
            used(*names)
    with pytest.raises(ServiceDeclarationInvalid):
        need_declarations(APP, [Export(f"o{number}", OPEN, OPEN) for number in range(EXPORTS_MAX + 1)], [])


@pytest.mark.parametrize(
    ("value", "place", "rule"),
    [
        ({}, "/", "required"),
        ({"name": 7}, "/name", "type"),
        ({"name": "wang"}, "/name", "pattern"),
        ({"name": "Wang", "born": "1990"}, "/", "additionalProperties"),
        ({"name": "Wang", "since": "yesterday"}, "/since", "anyOf"),
        ({"name": "Wang", "tags": ["a", "c"]}, "/tags/1", "enum"),
        ({"name": "Wang", "tags": ["a", "a", "a"]}, "/tags", "maxItems"),
        ([], "/", "type"),
        (None, "/", "type"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_place_and_rule(value: Any, place: str, rule: str) -> None:
    with pytest.raises(ServiceMismatch) as refused:
        check_value("linhai.psb.residence/verify", "output", PERSON, value)
    assert (refused.value.direction, refused.value.place, refused.value.rule) == ("output", place, rule)
    assert "ang" not in str(refused.value)


def test_a_value_that_fits_goes_on() -> None:
    for since in ("2020-01-31", None):
        check_value("s", "input", PERSON, {"name": "Wang", "since": since, "tags": ["a"]})


def test_no_pattern_and_no_value_take_long() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    began = time.monotonic()
    with pytest.raises(ServiceMismatch):
        check_value("s", "input", schema, {"a": "a" * 200_000 + "b"})
    assert time.monotonic() - began < 1


def test_a_call_goes_two_services_deep_and_never_back() -> None:
    first, second, third, fourth = (f"linhai.dept.app{number}" for number in range(4))
    check_chain([first], ServiceName(second, "a"))
    check_chain([first, second], ServiceName(third, "a"))
    for waiting, service, why in (
        ([first, second, third], fourth, "depth"),
        ([first], first, "cycle"),
        ([first, second], first, "cycle"),
        ([first, second, third], second, "cycle"),
    ):
        with pytest.raises(ServiceChainRefused) as refused:
            check_chain(waiting, ServiceName(service, "a"))
        assert refused.value.reason == why
