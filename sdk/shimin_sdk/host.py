"""The four doors out of a mini-app."""

from typing import Protocol


class Host(Protocol):
    """What the core offers to one call; every door takes and returns JSON text.

    Contract: ``execute``, ``fetch`` and ``ask`` raise ``shimin_sdk.errors.HostError`` with the core's own code when the
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

    def ask(self, service: str, request: str, /) -> str:
        """Ask a service such as ``store.get``; request and answer are JSON.

        A service that the platform does not offer is refused with ``SERVICE_NOT_AVAILABLE``.
        """
        ...

    def log(self, level: str, message: str, /) -> None:
        """Write a line for the department's developers."""
        ...
