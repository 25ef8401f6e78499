"""The question before every read by a mini-app: may it?"""

from shimin.consent import rows
from shimin.consent.errors import AskedField, ConsentDenied, ConsentRequired
from shimin.consent.model import DocumentTerms, Permit, covering, was_refused
from shimin.db import Reader
from shimin.kit.call import Call, Locale
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed
from shimin.kit.text import say

SERVICE = "service:"
"""Begins the names of what is no document but another mini-app's service."""


async def need(call: Call, document_id: str, *, reader: Reader, clock: Clock) -> Permit:
    """Return the citizen's permission for what a release reads under a document; asked of the database every time.

    Args:
        call: by a mini-app release on behalf of a citizen.
        document_id: the document the release runs; it must have registered it.

    Raises:
        NOT_SIGNED_IN, NOT_ALLOWED: no mini-app acting for a citizen, or a document its release never registered.
        CONSENT_REQUIRED: no grant in force covers every scope for this purpose; carries what the sheet shows.
        CONSENT_DENIED: the citizen has refused exactly this.

    Source: PIPL articles 13 to 16 (consent: informed, specific, withdrawable) and 14 paragraph 2 (asked
        again when purpose or kind of data changes).
    """
    citizen_id = call.need_citizen()
    app_id, release_id = call.actor.app_id, call.actor.release_id
    if call.actor.kind != "miniapp" or app_id is None or release_id is None:
        raise NotAllowed
    terms = await rows.find_terms(reader, release_id=release_id, document_id=document_id)
    if terms is None:
        raise NotAllowed
    standing = await rows.decisions(reader, citizen_id, app_id=app_id, document_name=terms.name)
    grant = covering(standing, terms, clock.now())
    if grant:
        return Permit(grant_id=grant.id, scopes=terms.scopes, purpose=terms.purpose)
    if was_refused(standing, terms):
        raise ConsentDenied(document_id=document_id, app_id=app_id)
    raise _required(call, app_id, terms)


def _required(call: Call, app_id: str, terms: DocumentTerms) -> ConsentRequired:
    """Return the refusal with everything the sheet shows, in the citizen's language."""
    return ConsentRequired(
        document_id=terms.document_id,
        app_id=app_id,
        terms=terms.digest,
        purpose=terms.purpose[call.locale],
        retention=terms.retention,
        fields=[AskedField(scope, _label(scope, terms, call.locale)) for scope in terms.scopes],
    )


def _label(scope: str, terms: DocumentTerms, locale: Locale) -> str:
    """Return what a scope is called; of another mini-app's service, which one."""
    words = say(f"scope.{scope}", locale)
    return f"{words}: {terms.name.removeprefix(SERVICE)}" if terms.name.startswith(SERVICE) else words
