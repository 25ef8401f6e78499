"""The query ``Home``.

Written by `make clients` from the operation and the schema: change it there.
"""

from datetime import date

from pydantic import AwareDatetime

from shimin_client.model import MinorUnits, Model
from shimin_client.operation import Operation


class Viewer(Model):
    """Whoever is calling; name and number with their middle hidden."""

    id: str
    name: str | None


class Department(Model):
    """A department of the government."""

    id: str
    name: str
    """In the caller's language."""


class Message(Model):
    """One message in the caller's inbox, in the caller's language."""

    id: str
    title: str
    body: str
    sent_at: AwareDatetime
    read_at: AwareDatetime | None
    department: Department | None
    """The department that sent it; null where the platform or a mini-app did."""


class MessageEdge(Model):
    """``MessageEdge`` of the schema."""

    node: Message


class MessageConnection(Model):
    """``MessageConnection`` of the schema."""

    edges: list[MessageEdge]


class Money(Model):
    """An amount of money in whole minor units with its ISO 4217 currency."""

    amount_minor: MinorUnits
    currency: str


class Bill(Model):
    """A department's bill to the caller."""

    id: str
    title: str
    amount: Money
    due_on: date


class BillEdge(Model):
    """``BillEdge`` of the schema."""

    node: Bill


class BillConnection(Model):
    """``BillConnection`` of the schema."""

    edges: list[BillEdge]


class MiniApp(Model):
    """A mini-app that citizens can open now."""

    id: str
    name: str
    department_id: str
    version: str


class Data(Model):
    """What ``Home`` answers."""

    viewer: Viewer
    """Whoever is calling: a citizen, or a person in an office."""
    unread_count: int
    """How many messages of the caller have not been opened."""
    inbox: MessageConnection
    """The caller's messages, newest first; at most 100 a page."""
    bills: BillConnection
    """The caller's bills that wait to be paid, the most urgent first; at most 100 a page."""
    mini_apps: list[MiniApp]
    """Every mini-app that can be opened now, at most 100."""


class Variables(Model):
    """What ``Home`` takes."""

    messages: int = 10
    bills: int = 5
    mini_apps: int = 20


OPERATION = Operation(
    name="Home",
    kind="query",
    document_id="sha256:162ba8e1dd884e213b131f8408f114fd74cf9336685a1427aa54f4f47873a6ec",
    variables=Variables,
    data=Data,
)
