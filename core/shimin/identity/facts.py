"""What identity tells the rest of the house; no phone number, name or id number travels in a fact."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class CitizenRegistered(Fact):
    """A phone number was confirmed for the first time."""

    name: ClassVar[str] = "citizen.registered"
    citizen_id: str

    @property
    def key(self) -> str:
        """Facts of one citizen come in order."""
        return self.citizen_id


@dataclass(frozen=True, kw_only=True)
class SessionOpened(Fact):
    """A citizen or member of staff signed in on a device."""

    name: ClassVar[str] = "session.opened"
    subject_id: str
    session_id: str
    capacity: str
    device_name: str
    is_new_device: bool

    @property
    def key(self) -> str:
        """Facts of one person come in order."""
        return self.subject_id


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Fact):
    """A session ended; ``reason``: signed_out, revoked, replaced, refresh_reused, dismissed."""

    name: ClassVar[str] = "session.revoked"
    subject_id: str
    session_id: str
    reason: str

    @property
    def key(self) -> str:
        """Facts of one person come in order."""
        return self.subject_id


@dataclass(frozen=True, kw_only=True)
class IdentityConfirmed(Fact):
    """The citizen's real name was confirmed; their sessions now carry the new level."""

    name: ClassVar[str] = "identity.confirmed"
    citizen_id: str
    assurance: int

    @property
    def key(self) -> str:
        """Facts of one citizen come in order."""
        return self.citizen_id


@dataclass(frozen=True, kw_only=True)
class StaffAppointed(Fact):
    """A person was given an office, or another one."""

    name: ClassVar[str] = "staff.appointed"
    staff_id: str
    kind: str
    roles: list[str]
    department_id: str | None
    appointed_by: str

    @property
    def key(self) -> str:
        """Facts of one member of staff come in order."""
        return self.staff_id


@dataclass(frozen=True, kw_only=True)
class StaffDismissed(Fact):
    """A person lost their office; every session they had in it is ended."""

    name: ClassVar[str] = "staff.dismissed"
    staff_id: str
    dismissed_by: str

    @property
    def key(self) -> str:
        """Facts of one member of staff come in order."""
        return self.staff_id
