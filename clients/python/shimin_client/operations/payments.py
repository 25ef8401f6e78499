"""The query ``Payments``.

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
    payee: str
    requested_at: AwareDatetime
    settled_at: AwareDatetime | None
    receipt_number: str | None


class PaymentEdge(Model):
    """``PaymentEdge`` of the schema."""

    node: Payment


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class PaymentConnection(Model):
    """``PaymentConnection`` of the schema."""

    edges: list[PaymentEdge]
    page_info: PageInfo


class Data(Model):
    """What ``Payments`` answers."""

    payments: PaymentConnection
    """The caller's payments, newest first, at most 100 a page; a mini-app sees those it asked for itself."""


class Variables(Model):
    """What ``Payments`` takes."""

    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="Payments",
    kind="query",
    document_id="sha256:5bcf3d369c047223066e7fdbea38e0f77dbaf312a0d31487f4c3ebe2721c600d",
    variables=Variables,
    data=Data,
)
