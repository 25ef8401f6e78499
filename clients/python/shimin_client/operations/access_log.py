"""The query ``AccessLog``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated

from pydantic import AwareDatetime

from shimin_client.enums import AccessOutcome
from shimin_client.model import OPEN, Model
from shimin_client.operation import Operation


class PersonalScope(Model):
    """A kind of personal data, and what it is called in the caller's language."""

    scope: str
    label: str


class AccessEntry(Model):
    """One entry of the log: who did what, to which data, why and on which basis."""

    id: str
    at: AwareDatetime
    action: str
    outcome: Annotated[AccessOutcome | str, OPEN]
    actor_kind: str
    app_id: str | None
    department_id: str | None
    fields: list[PersonalScope]
    purpose: str
    basis: str
    """own, consent:<grant id> or law:<article>."""
    subject: str
    source: str
    is_cached: bool
    """An earlier answer of the source was shown; it was not asked."""
    refusal: str | None
    """The code of the refusal, where access was denied or failed."""


class AccessEntryEdge(Model):
    """``AccessEntryEdge`` of the schema."""

    node: AccessEntry


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class AccessEntryConnection(Model):
    """``AccessEntryConnection`` of the schema."""

    edges: list[AccessEntryEdge]
    page_info: PageInfo


class Data(Model):
    """What ``AccessLog`` answers."""

    access_log: AccessEntryConnection
    """Every access to the caller's own data, allowed or not, newest first; at most 100 a page."""


class Variables(Model):
    """What ``AccessLog`` takes."""

    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="AccessLog",
    kind="query",
    document_id="sha256:51a89035fc179623a577fb876caa58e340bc0fc90a88470e21d8ae2a1e1c38f4",
    variables=Variables,
    data=Data,
)
