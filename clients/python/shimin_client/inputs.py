"""The input objects that operations take.

Written by `make clients` from the operation and the schema: change it there.
"""

from pydantic import Field, JsonValue

from shimin_client.enums import Capacity
from shimin_client.model import Model


class CallMiniAppInput(Model):
    """``CallMiniAppInput`` of the schema."""

    app_id: str
    operation: str
    input: JsonValue = Field(default_factory=dict)
    idempotency_key: str | None = None


class ConfirmPaymentInput(Model):
    """``ConfirmPaymentInput`` of the schema."""

    id: str


class ConfirmRealNameInput(Model):
    """``ConfirmRealNameInput`` of the schema."""

    name: str
    id_number: str


class GrantConsentInput(Model):
    """``GrantConsentInput`` of the schema."""

    app_id: str
    document_id: str
    terms: str | None = None
    """The sheet's terms: binds the decision to exactly what was shown."""


class GuideFilters(Model):
    """One of the values in each dimension that names any; at most 20 values each."""

    groups: list[str] = Field(default_factory=list)
    themes: list[str] = Field(default_factory=list)
    departments: list[str] = Field(default_factory=list)
    areas: list[str] = Field(default_factory=list)


class RefreshSessionInput(Model):
    """``RefreshSessionInput`` of the schema."""

    refresh_token: str
    nonce: str


class RefuseConsentInput(Model):
    """``RefuseConsentInput`` of the schema."""

    app_id: str
    document_id: str
    terms: str | None = None
    """The sheet's terms: binds the decision to exactly what was shown."""


class RequestCodeInput(Model):
    """``RequestCodeInput`` of the schema."""

    phone: str
    nonce: str
    """A secret of the device: 16 to 128 random characters of base64url."""


class RevokeSessionInput(Model):
    """``RevokeSessionInput`` of the schema."""

    session_id: str


class SignInInput(Model):
    """``SignInInput`` of the schema."""

    phone: str
    code: str
    nonce: str
    """The nonce with which this device asked for the code."""
    device_name: str
    capacity: Capacity = Capacity.CITIZEN


class WithdrawConsentInput(Model):
    """``WithdrawConsentInput`` of the schema."""

    grant_id: str
