"""What happened in the catalogue."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class GuidesImported(Fact):
    """An import wrote a batch of guides; what is computed from the catalogue is out of date."""

    name: ClassVar[str] = "catalogue.guides_imported"

    added: int
    changed: int

    @property
    def key(self) -> str:
        """There is one catalogue."""
        return "catalogue"
