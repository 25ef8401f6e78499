"""What happens to connectors; facts never carry a secret."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class ConnectorSecretSet(Fact):
    """A connector's secret is new, or another one than before."""

    name: ClassVar[str] = "connector.secret_set"
    connector_id: str
    secret_version: int

    @property
    def key(self) -> str:
        """In order per connector."""
        return self.connector_id


@dataclass(frozen=True, kw_only=True)
class ConnectorSecretCleared(Fact):
    """A connector has no secret any more."""

    name: ClassVar[str] = "connector.secret_cleared"
    connector_id: str

    @property
    def key(self) -> str:
        """In order per connector."""
        return self.connector_id
