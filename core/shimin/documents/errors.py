"""What the registry of trusted documents refuses."""

from shimin.kit.refusal import Refusal


class InvalidClient(Refusal):
    """The name of the client that the documents are for cannot be taken."""

    code = "INVALID_CLIENT"
    reason: str


class DocumentStopped(Refusal):
    """The document was registered and then retired; registering it as before does not bring it back."""

    code = "DOCUMENT_STOPPED"
    document_id: str


class DocumentBuiltIn(Refusal):
    """The document comes with this version of the platform and is trusted as long as it does."""

    code = "DOCUMENT_BUILT_IN"
    document_id: str
