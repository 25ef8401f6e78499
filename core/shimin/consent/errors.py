"""The refusals of consent."""

from dataclasses import dataclass

from shimin.kit.refusal import Refusal


@dataclass(frozen=True, slots=True)
class AskedField:
    """One line of a consent sheet: a scope and what it is called in the citizen's language."""

    scope: str
    label: str


class ConsentRequired(Refusal):
    """The citizen has not agreed to what this document reads; everything a consent sheet shows is in the parameters."""

    code = "CONSENT_REQUIRED"
    http_status = 403
    document_id: str
    app_id: str
    terms: str
    """Names exactly what is asked for; sent back with the grant it binds the grant to what was shown."""
    purpose: str
    retention: str
    """How long the department keeps what it read (ISO 8601 duration)."""
    fields: list[AskedField]
    """Every kind of data the document reads."""


class ConsentDenied(Refusal):
    """The citizen said no to exactly this before and is not asked again; they may still grant it in their settings."""

    code = "CONSENT_DENIED"
    http_status = 403
    document_id: str
    app_id: str


class DocumentNotRegistered(Refusal):
    """The app has no release with that document, or it never asked for these terms."""

    code = "DOCUMENT_NOT_REGISTERED"
    http_status = 404
