"""Registering what a release's documents read, so that consent can be asked and checked."""

from collections.abc import Sequence

from shimin.consent import rows
from shimin.consent.model import DOCUMENTS_MAX, DocumentTerms
from shimin.db import Unit
from shimin.kit.clock import Clock
from shimin.kit.refusal import InvalidInput
from shimin.kit.text import LOCALES

RETENTION_CHARS_MAX = 32
PURPOSE_CHARS_MAX = 500


async def register_documents(
    unit: Unit, *, release_id: str, app_id: str, documents: Sequence[DocumentTerms], clock: Clock
) -> None:
    """Make the terms of a release's documents known; again with the same terms changes nothing.

    Args:
        documents: every document of the release, at most ``DOCUMENTS_MAX``; scopes computed from their text.

    Raises:
        INVALID_INPUT: too many, two of one id, a purpose without words in a locale, or other terms than
            the release registered before (a release never changes).
    """
    _check(documents)
    known = {terms.document_id: terms for terms in await rows.release_documents(unit, release_id)}
    for terms in documents:
        earlier = known.get(terms.document_id)
        if earlier is None:
            await rows.insert_document(unit, release_id=release_id, app_id=app_id, terms=terms, now=clock.now())
        elif earlier.digest != terms.digest:
            raise InvalidInput(field="documents", reason=f"{terms.name} was registered with other terms")


def _check(documents: Sequence[DocumentTerms]) -> None:
    """Hold what is registered to its limits."""
    if len(documents) > DOCUMENTS_MAX:
        raise InvalidInput(field="documents", reason=f"more than {DOCUMENTS_MAX}")
    if len({terms.document_id for terms in documents}) != len(documents):
        raise InvalidInput(field="documents", reason="one document twice")
    for terms in documents:
        if any(not 0 < len(terms.purpose.get(locale, "")) <= PURPOSE_CHARS_MAX for locale in LOCALES):
            raise InvalidInput(field="purpose", reason=f"{terms.name} needs words in {', '.join(LOCALES)}")
        if not 0 < len(terms.retention) <= RETENTION_CHARS_MAX:
            raise InvalidInput(field="retention", reason=f"{terms.name} needs an ISO 8601 duration")
