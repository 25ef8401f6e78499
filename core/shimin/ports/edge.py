"""What the core asks of the GraphQL edge: to read a document, and to run one for a mini-app."""

from collections.abc import Mapping
from typing import Any, Protocol

from shimin.kit.call import Call
from shimin.kit.document import DocumentScopes

PUBLIC_CHANGED = "public.changed"
"""The topic on which every process hears the name of a fact after which public answers are others."""


class Edge(Protocol):
    """The schema, as far as the core needs it.

    Contract: ``read_document`` is pure and bounded; ``run_document`` applies the same rules as a request over
    HTTP, with the call's own authority and nothing more; half an answer is no answer.
    """

    def read_document(self, text: str) -> DocumentScopes:
        """Return what a document is and can read.

        Raises:
            shimin.kit.refusal.Refusal: ``DOCUMENT_INVALID`` or ``DOCUMENT_TOO_COSTLY``.
        """
        ...

    async def run_document(self, call: Call, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a document of a mini-app release for this call and return its data.

        Raises:
            shimin.kit.refusal.Refusal: the first error of the response.
        """
        ...
