"""What happens to messages."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class MessageDelivered(Fact):
    """A message lies in a citizen's inbox."""

    name: ClassVar[str] = "message.delivered"
    message_id: str
    citizen_id: str

    @property
    def key(self) -> str:
        """One inbox in order."""
        return self.citizen_id


@dataclass(frozen=True, kw_only=True)
class MessageRead(Fact):
    """A citizen opened a message."""

    name: ClassVar[str] = "message.read"
    message_id: str
    citizen_id: str

    @property
    def key(self) -> str:
        """One inbox in order."""
        return self.citizen_id
