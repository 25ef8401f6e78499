"""The query ``SearchGuides``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated

from shimin_client.enums import DayKind, GuideMatching, GuideSnippetField
from shimin_client.inputs import GuideFilters
from shimin_client.model import OPEN, Model
from shimin_client.operation import Operation


class TextSegment(Model):
    """A piece of plain text, and whether it is what was searched for."""

    text: str
    hit: bool


class GuideSnippet(Model):
    """A passage of a guide around the first thing found in it."""

    field: Annotated[GuideSnippetField | str, OPEN]
    segments: list[TextSegment]


class TimeLimit(Model):
    """How long the department may take."""

    days: int
    kind: Annotated[DayKind | str, OPEN]


class Guide(Model):
    """A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say."""

    code: str
    title: str
    department: str | None
    promised_limit: TimeLimit | None
    visits: int | None
    """Visits in person that are needed at most."""
    mini_app_id: str | None
    """The mini-app in which it can be used at once."""


class GuideEdge(Model):
    """A guide in a list, with what was searched for marked in it."""

    cursor: str
    title: list[TextSegment]
    snippet: GuideSnippet | None
    node: Guide


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class GuideFacet(Model):
    """A value that guides can be filtered by, its name, and how many guides it would leave."""

    value: str
    label: str
    count: int


class GuideCounts(Model):
    """How many guides there are and how they spread. A dimension disregards its own filter."""

    total: int
    groups: list[GuideFacet]
    themes: list[GuideFacet]
    departments: list[GuideFacet]
    areas: list[GuideFacet]


class GuideConnection(Model):
    """A page of guides (Relay cursor connections), at most 100."""

    matching: Annotated[GuideMatching | str, OPEN] | None
    """Null for a list without search, or with no match."""
    edges: list[GuideEdge]
    page_info: PageInfo
    counts: GuideCounts
    """How the whole list spreads, not the page alone; counted only where it is asked for."""


class Data(Model):
    """What ``SearchGuides`` answers."""

    guides: GuideConnection
    """Service guides: those a query of at most 100 characters finds, best first; all of them without a query."""


class Variables(Model):
    """What ``SearchGuides`` takes."""

    query: str
    filters: GuideFilters | None = None
    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="SearchGuides",
    kind="query",
    document_id="sha256:576a3ec1b8fa7cf715a76844c2f93ee8e6a6d86077c641bbf6afc8551c9617f3",
    variables=Variables,
    data=Data,
)
