"""The mutation ``ConfirmRealName``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Tag

from shimin_client.inputs import ConfirmRealNameInput
from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class RealNameConfirmed(Model):
    """The caller is this person, as the population register knows them."""

    typename: Literal["RealNameConfirmed"] = Field(alias="__typename")
    assurance: int


class Refused(Model):
    """An expected no: a stable code, words for the person, and what it is about."""

    typename: Literal[
        "InvalidName",
        "InvalidIdNumber",
        "IdentityTriedTooOften",
        "IdentityAlreadyConfirmed",
        "IdentityTaken",
        "SourceUnavailable",
    ] = Field(alias="__typename")
    code: str
    message: str


class IdentityNotMatched(Model):
    """The population register does not know this name with this number."""

    typename: Literal["IdentityNotMatched"] = Field(alias="__typename")
    tries_left: int
    code: str
    message: str


ConfirmRealNameResult: TypeAlias = Annotated[
    Annotated[RealNameConfirmed, Tag("RealNameConfirmed")]
    | Annotated[Refused, Tag("Refused")]
    | Annotated[IdentityNotMatched, Tag("IdentityNotMatched")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(RealNameConfirmed, Refused, IdentityNotMatched),
]
"""What ``confirmRealName`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``ConfirmRealName`` answers."""

    confirm_real_name: ConfirmRealNameResult
    """Prove the caller's name and id number by the population register; raises assurance to 2."""


class Variables(Model):
    """What ``ConfirmRealName`` takes."""

    input: ConfirmRealNameInput


OPERATION = Operation(
    name="ConfirmRealName",
    kind="mutation",
    document_id="sha256:5e602116d4786dc0cd75eab362b0f5e44f7ee6478af5dd121d2433df87ef8b24",
    variables=Variables,
    data=Data,
)
