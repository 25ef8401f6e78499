"""Letting an operator run a query that nobody registered, on the record."""

from shimin import audit
from shimin.db import Unit
from shimin.documents.model import NAME_CHARS_LOGGED
from shimin.kit.call import Call, Role
from shimin.kit.clock import Clock
from shimin.kit.document import DocumentScopes
from shimin.kit.refusal import NotAllowed

AD_HOC: Role = "ad_hoc_documents"
"""The office of those who may run texts of their own where nobody else may."""


def may_run_ad_hoc(call: Call) -> bool:
    """Tell whether the caller is an operator who holds the office; no other role includes it."""
    return call.actor.kind == "operator" and AD_HOC in call.actor.roles


async def note_ad_hoc_run(call: Call, document: DocumentScopes, *, unit: Unit, clock: Clock) -> None:
    """Write into the platform's log that the caller is about to run a document of their own.

    The entry names the document by its hash, never by its text, which may hold somebody's data. Nothing may run
    before the unit has committed.

    Raises:
        NotAllowed: the caller does not hold the office, or the document is no query.
        ACCESS_NOT_LOGGED: the entry could not be written.
    """
    if not may_run_ad_hoc(call) or document.kind != "query":
        raise NotAllowed
    entry = audit.Entry(
        action="document.ran_ad_hoc",
        subject=document.document_id,
        scopes=document.scopes,
        details={"name": document.name[:NAME_CHARS_LOGGED]},
    )
    await audit.record(call.under(document.document_id), entry, unit=unit, clock=clock)
