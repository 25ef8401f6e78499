"""Tell every process that a document is trusted, or no longer."""

from shimin.ports.edge import DOCUMENTS_CHANGED
from shimin.ports.pubsub import PubSub


async def spread(document_id: str, *, pubsub: PubSub) -> None:
    """Have every process look again at a document: the reaction to ``document.registered`` and ``document.retired``."""
    await pubsub.publish(DOCUMENTS_CHANGED, document_id.encode())
