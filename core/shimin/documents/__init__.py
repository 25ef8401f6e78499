"""Trusted documents: GraphQL operations registered ahead of time and called by their hash."""

from shimin.documents.errors import DocumentBuiltIn, DocumentStopped, InvalidClient
from shimin.documents.facts import DocumentRegistered, DocumentRetired
from shimin.documents.model import DEFAULT_CLIENT, RegisterDocument, TrustedDocument
from shimin.documents.note_ad_hoc_run import AD_HOC, may_run_ad_hoc, note_ad_hoc_run
from shimin.documents.register import register
from shimin.documents.retire import retire
from shimin.documents.rows import all_documents, find, live_texts
from shimin.documents.spread import spread
from shimin.documents.views import TRUSTED_DOCUMENTS

__all__ = [
    "AD_HOC",
    "DEFAULT_CLIENT",
    "TRUSTED_DOCUMENTS",
    "DocumentBuiltIn",
    "DocumentRegistered",
    "DocumentRetired",
    "DocumentStopped",
    "InvalidClient",
    "RegisterDocument",
    "TrustedDocument",
    "all_documents",
    "find",
    "live_texts",
    "may_run_ad_hoc",
    "note_ad_hoc_run",
    "register",
    "retire",
    "spread",
]
