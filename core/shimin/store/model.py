"""A stored value and the bounds of a store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shimin.kit.refusal import InvalidInput

KEY = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")
VALUE_BYTES_MAX = 64 * 1024
"""Largest value, as JSON."""
VALUES_MAX = 1_000
"""As many values a mini-app keeps for one citizen."""
STORE_BYTES_MAX = 1024 * 1024
"""As much JSON a mini-app keeps for one citizen, all values together."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A value with its version, which rises with every change, also when the value was deleted in between."""

    value: Any
    version: int


def checked_key(key: object) -> str:
    """Return a key that may name a value.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise InvalidInput(field="key", reason="1 to 128 of a-z 0-9 . _ / -, beginning with a letter or digit")
    return key


def as_text(value: object) -> str:
    """Return a value as it is kept.

    Raises:
        InvalidInput: longer than ``VALUE_BYTES_MAX``.
    """
    data = orjson.dumps({"value": value})
    if len(data) > VALUE_BYTES_MAX:
        raise InvalidInput(field="value", reason=f"at most {VALUE_BYTES_MAX} bytes of JSON")
    return data.decode()


def from_row(row: Mapping[str, Any]) -> Stored:
    """Return what a row holds."""
    return Stored(orjson.loads(row["content"])["value"], row["version"])
