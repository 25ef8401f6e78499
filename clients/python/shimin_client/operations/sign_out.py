"""The mutation ``SignOut``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Tag

from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class SessionClosed(Model):
    """The session is over."""

    typename: Literal["SessionClosed"] = Field(alias="__typename")
    session_id: str


class NotSignedIn(Model):
    """The call needs a signed-in caller."""

    typename: Literal["NotSignedIn"] = Field(alias="__typename")
    code: str
    message: str


SignOutResult: TypeAlias = Annotated[
    Annotated[SessionClosed, Tag("SessionClosed")]
    | Annotated[NotSignedIn, Tag("NotSignedIn")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(SessionClosed, NotSignedIn),
]
"""What ``signOut`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``SignOut`` answers."""

    sign_out: SignOutResult
    """End the session this request is made in."""


class Variables(Model):
    """What ``SignOut`` takes."""

    # it takes none


OPERATION = Operation(
    name="SignOut",
    kind="mutation",
    document_id="sha256:e63773791f82737d8af4d642fff3afe89fb0d852945c9a1bac0004c0f6b0a29e",
    variables=Variables,
    data=Data,
)
