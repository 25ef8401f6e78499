"""The query ``BrowseGuides``.

Written by `make clients` from the operation and the schema: change it there.
"""

from shimin_client.inputs import GuideFilters
from shimin_client.model import Model
from shimin_client.operation import Operation


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


class Guide(Model):
    """A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say."""

    code: str
    title: str
    department: str | None
    mini_app_id: str | None
    """The mini-app in which it can be used at once."""


class GuideEdge(Model):
    """A guide in a list, with what was searched for marked in it."""

    cursor: str
    node: Guide


class PageInfo(Model):
    """Where a page of a list begins and ends (Relay cursor connections)."""

    has_next_page: bool
    end_cursor: str | None


class GuideConnection(Model):
    """A page of guides (Relay cursor connections), at most 100."""

    edges: list[GuideEdge]
    page_info: PageInfo


class Data(Model):
    """What ``BrowseGuides`` answers."""

    guide_navigation: GuideCounts
    """How many guides each user group, theme, department and area holds, within the filters chosen so far."""
    guides: GuideConnection
    """Service guides: those a query of at most 100 characters finds, best first; all of them without a query."""


class Variables(Model):
    """What ``BrowseGuides`` takes."""

    filters: GuideFilters | None = None
    first: int = 20
    after: str | None = None


OPERATION = Operation(
    name="BrowseGuides",
    kind="query",
    document_id="sha256:3b1871106d1c511f27126ae98df9e7b002ebca5f6bef61647ea78291de7d28f0",
    variables=Variables,
    data=Data,
)
