"""What connectors refuse."""

from shimin.kit.refusal import Refusal


class ConnectorNotAvailable(Refusal):
    """A mini-app asked for a connector that its release does not declare."""

    code = "CONNECTOR_NOT_AVAILABLE"
    connector: str


class ConnectorInvalid(Refusal):
    """A declared connector cannot be taken: its name stands twice, or its origin is no public https origin."""

    code = "CONNECTOR_INVALID"
    connector: str
    reason: str


class ConnectorSecretInvalid(Refusal):
    """A header or secret cannot be taken; the secret itself is never repeated."""

    code = "CONNECTOR_SECRET_INVALID"
    reason: str
