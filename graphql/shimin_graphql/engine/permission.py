"""Who may run a text where only trusted documents run: operators of one office, queries alone, each on the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shimin import documents
from shimin_graphql.engine.errors import DocumentsOnly

if TYPE_CHECKING:
    from shimin.kit.call import Call
    from shimin_graphql.context import Context
    from shimin_graphql.engine.documents import Document


def need_permission(call: Call) -> None:
    """Go on only for a caller who may send texts; asked before a text is read, so that nobody else costs anything.

    Raises:
        DocumentsOnly: the caller is anybody but an operator who holds ``ad_hoc_documents``.
    """
    if not documents.may_run_ad_hoc(call):
        raise DocumentsOnly


async def note_run(document: Document, context: Context) -> None:
    """Write into the platform's log that the caller runs this text; return once that is certain.

    Raises:
        DocumentsOnly: it is no query: what changes or follows something is registered.
        ACCESS_NOT_LOGGED: the entry could not be written.
    """
    if document.kind != "query":
        raise DocumentsOnly
    platform = context.platform
    async with platform.db.unit() as unit:
        await documents.note_ad_hoc_run(context.call, document.scopes, unit=unit, clock=platform.clock)
