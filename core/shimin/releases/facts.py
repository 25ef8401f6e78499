"""What happens to releases."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class ReleaseUploaded(Fact):
    """A package was stored and waits to be checked and built."""

    name: ClassVar[str] = "release.uploaded"
    release_id: str
    app_id: str

    @property
    def key(self) -> str:
        """One app's releases are checked in the order they came."""
        return self.app_id


@dataclass(frozen=True, kw_only=True)
class ReleaseMoved(Fact):
    """A release changed its state."""

    name: ClassVar[str] = "release.moved"
    release_id: str
    app_id: str
    command: str
    state: str
    actor_id: str

    @property
    def key(self) -> str:
        """In order per app."""
        return self.app_id
