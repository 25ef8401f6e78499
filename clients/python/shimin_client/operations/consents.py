"""The query ``Consents``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated

from pydantic import AwareDatetime

from shimin_client.enums import GrantState
from shimin_client.model import OPEN, Model
from shimin_client.operation import Operation


class PersonalScope(Model):
    """A kind of personal data, and what it is called in the caller's language."""

    scope: str
    label: str


class Consent(Model):
    """A citizen's decision about what one document of a mini-app may read; also its receipt."""

    id: str
    app_id: str
    document_id: str
    document_name: str
    revision: int
    fields: list[PersonalScope]
    purpose: str
    retention: str
    """How long the department keeps what it read (ISO 8601 duration)."""
    state: Annotated[GrantState | str, OPEN]
    receipt_number: str
    granted_at: AwareDatetime
    expires_at: AwareDatetime
    withdrawn_at: AwareDatetime | None


class ConsentEdge(Model):
    """``ConsentEdge`` of the schema."""

    node: Consent


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class ConsentConnection(Model):
    """``ConsentConnection`` of the schema."""

    edges: list[ConsentEdge]
    page_info: PageInfo


class Data(Model):
    """What ``Consents`` answers."""

    consents: ConsentConnection
    """The caller's decisions, newest first; at most 100 a page."""


class Variables(Model):
    """What ``Consents`` takes."""

    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="Consents",
    kind="query",
    document_id="sha256:1cb1f78c91a7002ba72048a8ae925bfb0336eba33a3c4e6f210d9a9fd1b928db",
    variables=Variables,
    data=Data,
)
