"""What a department registers of its system of record: operations, their schemas and limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shimin.kit.ids import DepartmentId

Schema = Mapping[str, Any]
"""A JSON Schema (draft 2020-12) of the closed subset that ``shimin.vault.read_registrations`` admits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSpec:
    """One question a source answers."""

    name: str
    path: str
    timeout_s: float
    """All of it: connecting, asking, reading."""
    answer_bytes_max: int
    fresh_s: float
    """How long a good answer is given again without asking; 0: never."""
    stale_s: float
    """How long an old answer may stand in, marked as of its time, while the source gives none; 0: never."""
    inputs: Schema
    returns: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One registered system of record."""

    name: str
    department_id: DepartmentId
    operations: Mapping[str, OperationSpec]


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Where a source is and the secret shared with it; neither is ever shown."""

    url: str = field(repr=False)
    secret: bytes = field(repr=False)


def declared_only(schema: Schema, value: Any) -> Any:
    """Return the value without any member its schema does not declare."""
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return {name: declared_only(known[name], member) for name, member in value.items() if name in known}
    if isinstance(value, list) and "items" in schema:
        return [declared_only(schema["items"], member) for member in value]
    return value
