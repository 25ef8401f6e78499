"""What the core asks of the GraphQL edge: to read a document, and to run one for a mini-app."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shimin.kit.call import Call
from shimin.kit.document import DocumentFault, DocumentScopes

PUBLIC_CHANGED = "public.changed"
"""The topic on which every process hears the name of a fact after which public answers are others."""

DOCUMENTS_CHANGED = "documents.changed"
"""The topic on which every process hears the id of a document that is trusted from now on, or no longer."""


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


class DocumentEdge(Edge, Protocol):
    """The schema, as far as the registry of trusted documents and its operators need it.

    Contract: all of it is pure and bounded, and needs no database.
    """

    def check_document(self, text: str) -> Sequence[DocumentFault]:
        """Return everything that keeps a document from being trusted; nothing where it can be."""
        ...

    def explain(self, text: str) -> Mapping[str, Any]:
        """Return how a document runs, as values that JSON can hold.

        Returns:
            ``id``, ``name``, ``kind`` and ``variables`` of the document; ``scopes`` with the path of each; ``cost``
            in points; ``roots`` with who may ask, the tier of each and why it is not the first; ``statements`` by
            database engine; ``assumed``, the values of variables for which that holds.

        Raises:
            shimin.kit.refusal.Refusal: ``DOCUMENT_INVALID`` or ``DOCUMENT_TOO_COSTLY``.
        """
        ...

    def distributed(self) -> Mapping[str, str]:
        """Return the texts of the operations that come with this version, by id; they are always trusted."""
        ...
