"""Retiring a document, so that nobody can call it."""

from shimin import audit
from shimin.db import Unit
from shimin.documents import rows
from shimin.documents.errors import DocumentBuiltIn
from shimin.documents.facts import DocumentRetired
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed, NotFound
from shimin.ports.edge import DocumentEdge


async def retire(call: Call, document_id: str, *, unit: Unit, edge: DocumentEdge, clock: Clock) -> bool:
    """Stop a document everywhere within seconds; True where that changed something, False for a repeat.

    Raises:
        NotAllowed: only the platform itself retires documents.
        DocumentBuiltIn: it comes with this version of the platform, which trusts it in any case.
        NotFound: nobody registered it.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    if document_id in edge.distributed():
        raise DocumentBuiltIn(document_id=document_id)
    if not await rows.set_retired(unit, document_id, call.actor.id, clock.now()):
        if await rows.find(unit, document_id) is None:
            raise NotFound
        return False
    await audit.record(call, audit.Entry(action="document.retired", subject=document_id), unit=unit, clock=clock)
    await unit.emit(DocumentRetired(document_id=document_id))
    return True
