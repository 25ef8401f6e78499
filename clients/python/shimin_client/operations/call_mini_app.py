"""The mutation ``CallMiniApp``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue, Tag

from shimin_client.inputs import CallMiniAppInput
from shimin_client.model import Model, Unknown, by_typename
from shimin_client.operation import Operation


class AskedField(Model):
    """One line of a consent sheet: a scope and what it is called in the citizen's language."""

    scope: str
    label: str


class MiniAppAnswer(Model):
    """What a mini-app's operation returned."""

    typename: Literal["MiniAppAnswer"] = Field(alias="__typename")
    output: JsonValue


class ConsentRequired(Model):
    """The citizen has not agreed to what this document reads; everything a consent sheet shows is in the parameters."""

    typename: Literal["ConsentRequired"] = Field(alias="__typename")
    app_id: str
    document_id: str
    terms: str
    purpose: str
    retention: str
    fields: list[AskedField]
    code: str
    message: str


class Refused(Model):
    """An expected no: a stable code, words for the person, and what it is about."""

    typename: Literal[
        "ConsentDenied",
        "AssuranceTooLow",
        "AppNotServed",
        "MiniAppRefused",
        "MiniAppAnswerInvalid",
        "MiniAppTimeout",
        "MiniAppCrashed",
        "MiniAppBusy",
        "SourceUnavailable",
        "UpstreamUnavailable",
        "ConnectorBusy",
        "ServiceNotOffered",
        "ServiceUnavailable",
        "ServiceRefused",
        "BillAlreadyPaid",
        "InvalidInput",
    ] = Field(alias="__typename")
    code: str
    message: str


CallMiniAppResult: TypeAlias = Annotated[
    Annotated[MiniAppAnswer, Tag("MiniAppAnswer")]
    | Annotated[ConsentRequired, Tag("ConsentRequired")]
    | Annotated[Refused, Tag("Refused")]
    | Annotated[Unknown, Tag("Unknown")],
    by_typename(MiniAppAnswer, ConsentRequired, Refused),
]
"""What ``callMiniApp`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``CallMiniApp`` answers."""

    call_mini_app: CallMiniAppResult
    """Run an operation of a mini-app for the calling citizen; it sees only what they consented to."""


class Variables(Model):
    """What ``CallMiniApp`` takes."""

    input: CallMiniAppInput


OPERATION = Operation(
    name="CallMiniApp",
    kind="mutation",
    document_id="sha256:3aa8f844bc8434eed35be87a5ed8857ecee6ef719c3ae05d13c503d447e17263",
    variables=Variables,
    data=Data,
)
