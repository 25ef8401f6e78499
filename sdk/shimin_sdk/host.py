"""The three doors out of a mini-app; the sandbox and the test host both provide them."""

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
