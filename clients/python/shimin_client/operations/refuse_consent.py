"""The mutation ``RefuseConsent``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, Tag

from shimin_client.enums import GrantState
from shimin_client.inputs import RefuseConsentInput
from shimin_client.model import OPEN, Model, Unknown, by_typename
from shimin_client.operation import Operation


class PersonalScope(Model):
    """A kind of personal data, and what it is called in the caller's language."""

    scope: str
    label: str


class Consent(Model):
    """A citizen's decision about what one document of a mini-app may read; also its receipt."""

    typename: Literal["Consent"] = Field(alias="__typename")
    id: str
    app_id: str
    document_id: str
    document_name: str
    revision: int
    fields: list[PersonalScope]
    purpose: str
    retention: str
    """How long the department keeps what it read (ISO 8601 duration)."""
    state: Annotated[GrantState | str, OPEN]
    receipt_number: str
    granted_at: AwareDatetime
    expires_at: AwareDatetime
    withdrawn_at: AwareDatetime | None


class DocumentNotRegistered(Model):
    """The app has no release with that document, or it never asked for these terms."""

    typename: Literal["DocumentNotRegistered"] = Field(alias="__typename")
    code: str
    message: str


RefuseConsentResult: TypeAlias = Annotated[
    Annotated[Consent, Tag("Consent")]
    | Annotated[DocumentNotRegistered, Tag("DocumentNotRegistered")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(Consent, DocumentNotRegistered),
]
"""What ``refuseConsent`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``RefuseConsent`` answers."""

    refuse_consent: RefuseConsentResult
    """Say no, so that nobody asks again; what was allowed of it ends."""


class Variables(Model):
    """What ``RefuseConsent`` takes."""

    input: RefuseConsentInput


OPERATION = Operation(
    name="RefuseConsent",
    kind="mutation",
    document_id="sha256:19e85524f6d68f5ae7917465474d0177b7f158efb67319e9e6cce492a3f7947d",
    variables=Variables,
    data=Data,
)
