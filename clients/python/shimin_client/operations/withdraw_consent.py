"""The mutation ``WithdrawConsent``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, Tag

from shimin_client.enums import GrantState
from shimin_client.inputs import WithdrawConsentInput
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


class NotFound(Model):
    """There is nothing of that name that the caller may know of (also said of what exists but is not theirs)."""

    typename: Literal["NotFound"] = Field(alias="__typename")
    code: str
    message: str


WithdrawConsentResult: TypeAlias = Annotated[
    Annotated[Consent, Tag("Consent")] | Annotated[NotFound, Tag("NotFound")] | Annotated[Unknown, Tag("Unknown")],
    by_typename(Consent, NotFound),
]
"""What ``withdrawConsent`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``WithdrawConsent`` answers."""

    withdraw_consent: WithdrawConsentResult
    """End a grant, at once; a repeat changes nothing."""


class Variables(Model):
    """What ``WithdrawConsent`` takes."""

    input: WithdrawConsentInput


OPERATION = Operation(
    name="WithdrawConsent",
    kind="mutation",
    document_id="sha256:a65c6dcab1949cafd6409ec3fb818fcabe5ca89a8f3457dcaa94055b8b8f86ac",
    variables=Variables,
    data=Data,
)
