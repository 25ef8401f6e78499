"""What a mini-app may read of a citizen: asked per document, decided by the citizen alone, withdrawn at once."""

from shimin.consent.errors import AskedField, ConsentDenied, ConsentRequired, DocumentNotRegistered
from shimin.consent.facts import ConsentGranted, ConsentWithdrawn
from shimin.consent.grant import Decide, grant
from shimin.consent.model import DocumentTerms, Grant, GrantState, Permit
from shimin.consent.need import need
from shimin.consent.refuse import refuse
from shimin.consent.register_documents import register_documents
from shimin.consent.views import GRANTS, STATE, grant_of, row_of
from shimin.consent.withdraw import withdraw

__all__ = [
    "GRANTS",
    "STATE",
    "AskedField",
    "ConsentDenied",
    "ConsentGranted",
    "ConsentRequired",
    "ConsentWithdrawn",
    "Decide",
    "DocumentNotRegistered",
    "DocumentTerms",
    "Grant",
    "GrantState",
    "Permit",
    "grant",
    "grant_of",
    "need",
    "refuse",
    "register_documents",
    "row_of",
    "withdraw",
]
