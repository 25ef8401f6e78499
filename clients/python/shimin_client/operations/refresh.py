"""The mutation ``RefreshSession``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, Tag

from shimin_client.inputs import RefreshSessionInput
from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class SignedIn(Model):
    """An open session with the tokens that speak for it; keep both secret."""

    typename: Literal["SignedIn"] = Field(alias="__typename")
    session_id: str
    access_token: str
    access_expires_at: AwareDatetime
    refresh_token: str
    registered: bool
    """Whether this sign-in registered the citizen."""


class Refused(Model):
    """An expected no: a stable code, words for the person, and what it is about."""

    typename: Literal["RefreshTokenInvalid", "InvalidInput"] = Field(alias="__typename")
    code: str
    message: str


RefreshSessionResult: TypeAlias = Annotated[
    Annotated[SignedIn, Tag("SignedIn")] | Annotated[Refused, Tag("Refused")] | Annotated[Unknown, Tag("Unknown")],
    by_typename(SignedIn, Refused),
]
"""What ``refreshSession`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``RefreshSession`` answers."""

    refresh_session: RefreshSessionResult
    """Continue a session with its refresh token, which is replaced by the next one."""


class Variables(Model):
    """What ``RefreshSession`` takes."""

    input: RefreshSessionInput


OPERATION = Operation(
    name="RefreshSession",
    kind="mutation",
    document_id="sha256:4c1a91dfc0914c4934a024bfa4ee2de43cc4321f73399a22d90cbddef08e69a1",
    variables=Variables,
    data=Data,
)
