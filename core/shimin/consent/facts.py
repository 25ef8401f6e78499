"""What consent tells the rest of the platform."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class _Decided(Fact):
    """A citizen decided about a document of an app."""

    citizen_id: str
    grant_id: str
    app_id: str
    document_id: str

    @property
    def key(self) -> str:
        """One citizen's decisions are told in order."""
        return self.citizen_id


@dataclass(frozen=True, kw_only=True)
class ConsentGranted(_Decided):
    """The citizen allowed it."""

    name: ClassVar[str] = "consent.granted"


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(_Decided):
    """The citizen took it back; no read after the withdrawing unit's commit."""

    name: ClassVar[str] = "consent.withdrawn"
