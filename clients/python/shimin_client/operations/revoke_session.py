"""The mutation ``RevokeSession``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Tag

from shimin_client.inputs import RevokeSessionInput
from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class SessionClosed(Model):
    """The session is over."""

    typename: Literal["SessionClosed"] = Field(alias="__typename")
    session_id: str


class NotFound(Model):
    """There is nothing of that name that the caller may know of (also said of what exists but is not theirs)."""

    typename: Literal["NotFound"] = Field(alias="__typename")
    code: str
    message: str


RevokeSessionResult: TypeAlias = Annotated[
    Annotated[SessionClosed, Tag("SessionClosed")]
    | Annotated[NotFound, Tag("NotFound")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(SessionClosed, NotFound),
]
"""What ``revokeSession`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``RevokeSession`` answers."""

    revoke_session: RevokeSessionResult
    """End one of the caller's sessions, on whatever device it is."""


class Variables(Model):
    """What ``RevokeSession`` takes."""

    input: RevokeSessionInput


OPERATION = Operation(
    name="RevokeSession",
    kind="mutation",
    document_id="sha256:925d913b63abbd981819fb6dbd5246e5c04fa2736f0477bab060989b77427599",
    variables=Variables,
    data=Data,
)
