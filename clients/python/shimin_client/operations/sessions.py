"""The query ``Sessions``.

Written by `make clients` from the operation and the schema: change it there.
"""

from pydantic import AwareDatetime

from shimin_client.model import Model
from shimin_client.operation import Operation


class Session(Model):
    """One signed-in device of the caller."""

    id: str
    device_name: str
    opened_at: AwareDatetime
    last_used_at: AwareDatetime
    expires_at: AwareDatetime
    current: bool
    """Whether this request is made in it."""


class SessionEdge(Model):
    """``SessionEdge`` of the schema."""

    cursor: str
    node: Session


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class SessionConnection(Model):
    """``SessionConnection`` of the schema."""

    edges: list[SessionEdge]
    page_info: PageInfo


class Viewer(Model):
    """Whoever is calling; name and number with their middle hidden."""

    sessions: SessionConnection
    """Devices on which the caller is signed in, the newest first."""


class Data(Model):
    """What ``Sessions`` answers."""

    viewer: Viewer
    """Whoever is calling: a citizen, or a person in an office."""


class Variables(Model):
    """What ``Sessions`` takes."""

    first: int | None = 20
    after: str | None = None


OPERATION = Operation(
    name="Sessions",
    kind="query",
    document_id="sha256:5566b6ca318fb3ddbaedeff02f2e2763756fb8af14bdc161b866a03054b2f19d",
    variables=Variables,
    data=Data,
)
