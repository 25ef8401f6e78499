"""The mutation ``SignIn``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, Tag

from shimin_client.inputs import SignInInput
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

    typename: Literal["InvalidPhone", "CodeGone", "CodeLocked", "SignInPaused", "InvalidInput", "NotAllowed"] = Field(
        alias="__typename"
    )
    code: str
    message: str


class CodeWrong(Model):
    """The code is not the one that was sent to this device."""

    typename: Literal["CodeWrong"] = Field(alias="__typename")
    tries_left: int
    code: str
    message: str


SignInResult: TypeAlias = Annotated[
    Annotated[SignedIn, Tag("SignedIn")]
    | Annotated[Refused, Tag("Refused")]
    | Annotated[CodeWrong, Tag("CodeWrong")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(SignedIn, Refused, CodeWrong),
]
"""What ``signIn`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``SignIn`` answers."""

    sign_in: SignInResult
    """Open a session with a code; an unknown number becomes a citizen."""


class Variables(Model):
    """What ``SignIn`` takes."""

    input: SignInInput


OPERATION = Operation(
    name="SignIn",
    kind="mutation",
    document_id="sha256:d01c0d87fc4a6fcb70652111b56c8d7f29128b4af12f3321d5dfad2c63accad2",
    variables=Variables,
    data=Data,
)
