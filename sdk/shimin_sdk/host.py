"""The doors out of a mini-app: three that every host has, and a fourth for services that a host may have."""

from typing import Protocol


class Host(Protocol):
    """What the core offers to one call; every door takes and returns JSON text.

    Contract: ``execute`` and ``fetch`` raise ``shimin_sdk.errors.HostError`` with the core's own code when the
    answer is no; ``log`` never fails.
    """

    def execute(self, document: str, variables: str, /) -> str:
        """Run one of the package's documents and return the ``data`` of its response.

        Args:
            document: its path in the package, such as ``operations/overview.graphql``.
            variables: one JSON object.
        """
        ...

    def fetch(self, connector: str, request: str, /) -> str:
        """Ask a declared connector and return its answer."""
        ...

    def log(self, level: str, message: str, /) -> None:
        """Write a line for the department's developers."""
        ...


class ServiceHost(Host, Protocol):
    """A host that also keeps messages, files and a store, and takes payments without a bill.

    Where ``ask`` is missing, those raise ``NotAvailable``: the sandbox contract ``shimin:miniapp@0.1.0`` lacks it.
    """

    def ask(self, service: str, request: str, /) -> str:
        """Ask a service such as ``store.get``; request and answer are JSON.

        Raises:
            HostError: the service refused, or is unknown (``SERVICE_NOT_AVAILABLE``).
        """
        ...
