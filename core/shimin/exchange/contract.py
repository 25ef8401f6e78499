"""Checking what goes into a service and what comes out."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from shimin.exchange.errors import ServiceDeclarationInvalid, ServiceMismatch

PLACE_CHARS_MAX = 200


def check_value(service: str, direction: str, schema: Mapping[str, Any], value: Any) -> None:
    """Go on only if a value fits a schema.

    Args:
        direction: ``input`` or ``output``.

    Raises:
        ServiceMismatch: names the first place and rule that do not fit, and never the value.
    """
    checker = _checker(json.dumps(schema, sort_keys=True))
    wrong = next(checker.iter_errors(value), None)
    if wrong is not None:
        place = "/" + "/".join(str(step) for step in wrong.instance_path)
        rule = str(wrong.schema_path[-1]) if wrong.schema_path else "schema"
        raise ServiceMismatch(service=service, direction=direction, place=place[:PLACE_CHARS_MAX], rule=rule[:40])


def need_schema(service: str, schema: Mapping[str, Any]) -> None:
    """Go on only for what is a JSON Schema with patterns that take linear time.

    Raises:
        ServiceDeclarationInvalid: it is none.
    """
    try:
        _checker(json.dumps(schema, sort_keys=True))
    except (jsonschema_rs.ValidationError, ValueError):
        raise ServiceDeclarationInvalid(service=service, reason="a schema is no JSON Schema 2020-12") from None


@lru_cache(512)
def _checker(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema),
        validate_formats=True,
        # Without look-around and back references a pattern cannot be made to run for ever.
        pattern_options=jsonschema_rs.RegexOptions(),
        retriever=_retrieve_nothing,
    )


def _retrieve_nothing(_: str) -> Any:
    raise ValueError
