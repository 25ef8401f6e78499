"""The query ``Payment``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated

from pydantic import AwareDatetime

from shimin_client.enums import PaymentState
from shimin_client.model import OPEN, MinorUnits, Model
from shimin_client.operation import Operation


class Money(Model):
    """An amount of money in whole minor units with its ISO 4217 currency."""

    amount_minor: MinorUnits
    currency: str


class Payment(Model):
    """One payment of one bill by the caller."""

    id: str
    state: Annotated[PaymentState | str, OPEN]
    amount: Money
    subject: str
    bill_reference: str
    payee: str
    requested_at: AwareDatetime
    settled_at: AwareDatetime | None
    receipt_number: str | None


class Data(Model):
    """What ``Payment`` answers."""

    payment: Payment | None
    """One payment of the caller; a mini-app sees those it asked for itself."""


class Variables(Model):
    """What ``Payment`` takes."""

    id: str


OPERATION = Operation(
    name="Payment",
    kind="query",
    document_id="sha256:f701ccaa3f8a52122c7ec078655f3fa46d5f842362ab94591eb7652398e8121f",
    variables=Variables,
    data=Data,
)
