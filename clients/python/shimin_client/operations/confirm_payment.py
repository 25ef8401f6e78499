"""The mutation ``ConfirmPayment``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, Tag

from shimin_client.enums import PaymentState
from shimin_client.inputs import ConfirmPaymentInput
from shimin_client.model import OPEN, MinorUnits, Model, Unknown, by_typename
from shimin_client.operation import Operation


class Money(Model):
    """An amount of money in whole minor units with its ISO 4217 currency."""

    amount_minor: MinorUnits
    currency: str


class Payment(Model):
    """One payment of one bill by the caller."""

    typename: Literal["Payment"] = Field(alias="__typename")
    id: str
    state: Annotated[PaymentState | str, OPEN]
    amount: Money


class Refused(Model):
    """An expected no: a stable code, words for the person, and what it is about."""

    typename: Literal[
        "NotFound",
        "PaymentEnded",
        "PaymentsClosed",
        "BillAlreadyPaid",
        "BillBeingPaid",
        "BillChanged",
        "AssuranceTooLow",
    ] = Field(alias="__typename")
    code: str
    message: str


ConfirmPaymentResult: TypeAlias = Annotated[
    Annotated[Payment, Tag("Payment")] | Annotated[Refused, Tag("Refused")] | Annotated[Unknown, Tag("Unknown")],
    by_typename(Payment, Refused),
]
"""What ``confirmPayment`` can be, told apart by ``__typename``."""


class Data(Model):
    """What ``ConfirmPayment`` answers."""

    confirm_payment: ConfirmPaymentResult
    """Say yes to a payment, in person; confirming again changes nothing."""


class Variables(Model):
    """What ``ConfirmPayment`` takes."""

    input: ConfirmPaymentInput


OPERATION = Operation(
    name="ConfirmPayment",
    kind="mutation",
    document_id="sha256:186adb4718b4b8fff23b18f10a279e53e43e56b5ced276b54df7519a27bb4920",
    variables=Variables,
    data=Data,
)
