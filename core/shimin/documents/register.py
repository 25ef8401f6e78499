"""Registering a document, so that its id runs it."""

from shimin import audit
from shimin.db import Unit
from shimin.documents import rows
from shimin.documents.errors import DocumentStopped
from shimin.documents.facts import DocumentRegistered
from shimin.documents.model import NAME_CHARS_LOGGED, RegisterDocument, TrustedDocument
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed
from shimin.ports.edge import Edge


async def register(call: Call, order: RegisterDocument, *, unit: Unit, edge: Edge, clock: Clock) -> bool:
    """Trust a document from now on; True where that changed something, False for a repeat.

    The id is the hash of the text: the same text again changes nothing, whoever it is for, and no other text can
    ever take its place.

    Raises:
        NotAllowed: only the platform itself registers documents.
        InvalidClient: the client cannot be named so.
        DocumentStopped: it was retired, and the order does not revive it.
        DOCUMENT_INVALID, DOCUMENT_TOO_COSTLY: the text is not one operation that may run.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    order.check()
    read = edge.read_document(order.text)
    document = TrustedDocument(
        id=read.document_id,
        name=read.name,
        kind=read.kind,
        client=order.client,
        text=order.text,
        registered_at=clock.now(),
        registered_by=call.actor.id,
        retired_at=None,
        retired_by=None,
    )
    if not await rows.insert(unit, document):
        if order.revive and not await rows.set_revived(unit, document.id):
            return False
        if not order.revive:
            await _check_standing(unit, document.id)
            return False
    entry = audit.Entry(
        action="document.registered",
        subject=document.id,
        scopes=read.scopes,
        details={"name": document.name[:NAME_CHARS_LOGGED], "kind": document.kind, "client": document.client},
    )
    await audit.record(call, entry, unit=unit, clock=clock)
    await unit.emit(DocumentRegistered(document_id=document.id))
    return True


async def _check_standing(unit: Unit, document_id: str) -> None:
    found = await rows.find(unit, document_id)
    if found is not None and found.retired_at is not None:
        raise DocumentStopped(document_id=document_id)
