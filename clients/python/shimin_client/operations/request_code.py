"""The mutation ``RequestCode``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, Tag

from shimin_client.inputs import RequestCodeInput
from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class CodeRequested(Model):
    """A code is on its way; the same is said for every number."""

    typename: Literal["CodeRequested"] = Field(alias="__typename")
    expires_at: AwareDatetime


class Refused(Model):
    """An expected no: a stable code, words for the person, and what it is about."""

    typename: Literal["InvalidPhone", "NotifyUnavailable", "InvalidInput"] = Field(alias="__typename")
    code: str
    message: str


class CodeRequestedTooOften(Model):
    """This number or device asked for too many codes."""

    typename: Literal["CodeRequestedTooOften"] = Field(alias="__typename")
    retry_after_s: int
    code: str
    message: str


RequestCodeResult: TypeAlias = Annotated[
    Annotated[CodeRequested, Tag("CodeRequested")]
    | Annotated[Refused, Tag("Refused")]
    | Annotated[CodeRequestedTooOften, Tag("CodeRequestedTooOften")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(CodeRequested, Refused, CodeRequestedTooOften),
]
"""What ``requestCode`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``RequestCode`` answers."""

    request_code: RequestCodeResult
    """Send a sign-in code to a phone; the answer never tells whether the number is registered."""


class Variables(Model):
    """What ``RequestCode`` takes."""

    input: RequestCodeInput


OPERATION = Operation(
    name="RequestCode",
    kind="mutation",
    document_id="sha256:d4be7c082a031a759ae62333a6769f44715a0c074beacbc7253cdf7bef14dce3",
    variables=Variables,
    data=Data,
)
