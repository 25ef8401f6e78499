"""A GraphQL operation known ahead of time: named by its hash, and what it can ever read computed from it."""

from dataclasses import dataclass
from typing import Literal

OperationKind = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One personal-data field that a document reads.

    ``scope`` names it in consent sheets and the access log (words: text code ``scope.<scope>``); ``path`` is where
    the answer shows it, response keys joined by dots, lists transparent.
    """

    scope: str
    path: str


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One thing that is wrong with a document, and where; line and column count from 1, 0 for the whole."""

    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class DocumentScopes:
    """A trusted document with everything it can read of a person; nobody writes this by hand."""

    document_id: str
    name: str
    kind: OperationKind
    fields: tuple[PersonalField, ...]

    @property
    def scopes(self) -> tuple[str, ...]:
        """The distinct scopes, sorted."""
        return tuple(sorted({field.scope for field in self.fields}))
