"""The query ``Inbox``.

Written by `make clients` from the operation and the schema: change it there.
"""

from pydantic import AwareDatetime

from shimin_client.model import Model
from shimin_client.operation import Operation


class Message(Model):
    """One message in the caller's inbox, in the caller's language."""

    id: str
    sender: str
    title: str
    body: str
    payment_id: str | None
    sent_at: AwareDatetime
    read_at: AwareDatetime | None


class MessageEdge(Model):
    """``MessageEdge`` of the schema."""

    node: Message


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class MessageConnection(Model):
    """``MessageConnection`` of the schema."""

    edges: list[MessageEdge]
    page_info: PageInfo


class Data(Model):
    """What ``Inbox`` answers."""

    inbox: MessageConnection
    """The caller's messages, newest first; at most 100 a page."""


class Variables(Model):
    """What ``Inbox`` takes."""

    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="Inbox",
    kind="query",
    document_id="sha256:939c22862c74aa9cd95a214d3d2385e933b99b73f644a9a854126303973b7bb9",
    variables=Variables,
    data=Data,
)
