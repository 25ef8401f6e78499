"""A change of state, in the past tense, as it travels from the domain where it happened to whoever reacts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened and will not change; written in the transaction that made it true.

    A subclass is a frozen dataclass of plain values (str, int, bool, None, lists and dicts of them)
    with a dotted past-tense ``name`` and a ``key``: facts of one key are delivered in order.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def key(self) -> str:
        """The ordering key, such as a payment's id; never global."""
        raise NotImplementedError

    def to_payload(self) -> dict[str, Any]:
        """Return the fact as plain JSON values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Rebuild the fact; members a newer writer added are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in payload.items() if name in known})
