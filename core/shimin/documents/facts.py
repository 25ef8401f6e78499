"""What happens to trusted documents."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class DocumentRegistered(Fact):
    """A document can be called by its id from now on, for the first time or again."""

    name: ClassVar[str] = "document.registered"
    document_id: str

    @property
    def key(self) -> str:
        """In order per document."""
        return self.document_id


@dataclass(frozen=True, kw_only=True)
class DocumentRetired(Fact):
    """A document can no longer be called."""

    name: ClassVar[str] = "document.retired"
    document_id: str

    @property
    def key(self) -> str:
        """In order per document."""
        return self.document_id
