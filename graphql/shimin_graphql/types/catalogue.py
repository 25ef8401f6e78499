"""Service guides: search, lists, one guide, and the numbers by which people navigate."""

from enum import Enum
from typing import Self

import strawberry

from shimin import catalogue
from shimin.catalogue import CountGuides
from shimin.kit.call import Call, Locale
from shimin_graphql.context import Info
from shimin_graphql.engine.cost import SEARCH_COST
from shimin_graphql.types.base import ANYONE, PageInfo, field


@strawberry.enum(description="Which days a time limit counts.")
class DayKind(Enum):
    """Days."""

    WORKING = "working"
    CALENDAR = "calendar"


@strawberry.enum(description="How strictly the words of a search were taken: the strictest way that finds anything.")
class GuideMatching(Enum):
    """Matching."""

    ALL_WORDS = strawberry.enum_value("all_words", description="Every word is in the guide.")
    KEY_WORDS = strawberry.enum_value("key_words", description="Every word is, but those with which people ask.")
    ANY_WORD = strawberry.enum_value("any_word", description="A part of the query is in a name of the guide.")


@strawberry.enum(description="Where in a guide a snippet comes from.")
class GuideSnippetField(Enum):
    """Fields with snippets."""

    CONDITIONS = "conditions"
    MATERIALS = "materials"
    PLACE = "place"
    DEPARTMENT = "department"


@strawberry.type(description="A piece of plain text, and whether it is what was searched for.")
class TextSegment:
    """A segment."""

    text: str
    hit: bool

    @classmethod
    def all_of(cls, segments: tuple[catalogue.Segment, ...]) -> list[Self]:
        """Return segments as GraphQL shows them."""
        return [cls(text=segment.text, hit=segment.hit) for segment in segments]


@strawberry.type(description="A passage of a guide around the first thing found in it.")
class GuideSnippet:
    """A snippet."""

    field: GuideSnippetField
    segments: list[TextSegment]

    @classmethod
    def of(cls, found: catalogue.Snippet | None) -> Self | None:
        """Return a snippet as GraphQL shows it."""
        if found is None:
            return None
        return cls(field=GuideSnippetField(found.field), segments=TextSegment.all_of(found.segments))


@strawberry.type(description="How long the department may take.")
class TimeLimit:
    """A time limit."""

    days: int
    kind: DayKind

    @classmethod
    def of(cls, limit: catalogue.TimeLimit | None) -> Self | None:
        """Return a time limit as GraphQL shows it."""
        return None if limit is None else cls(days=limit.days, kind=DayKind(limit.kind))


@strawberry.type(description="Telephone numbers, and the department's own words where it says more.")
class GuidePhones:
    """Telephone numbers."""

    numbers: list[str]
    note: str | None

    @classmethod
    def of(cls, phones: catalogue.Phones | None) -> Self | None:
        """Return telephone numbers as GraphQL shows them."""
        return None if phones is None else cls(numbers=list(phones.numbers), note=phones.note)


@strawberry.type(description="Whether a visit can be booked online, and where.")
class GuideAppointment:
    """Booking a visit."""

    online: bool
    url: str | None


@strawberry.type(description="A value that guides can be filtered by, its name, and how many guides it would leave.")
class GuideFacet:
    """One value of a dimension."""

    value: str
    label: str
    count: int


@strawberry.type(description="A name with the value by which guides are filtered.")
class GuideLabel:
    """A group, theme or area of a guide."""

    value: str
    label: str


@strawberry.type(
    description="A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say."
)
class Guide:
    """A service guide in the caller's language, in Chinese where it is not translated."""

    code: strawberry.ID
    title: str
    department: str | None
    area: GuideLabel | None
    kind: GuideLabel | None
    groups: list[GuideLabel]
    themes: list[GuideLabel]
    conditions: str | None
    materials: list[str]
    legal_limit: TimeLimit | None
    promised_limit: TimeLimit | None
    visits: int | None = strawberry.field(description="Visits in person that are needed at most.")
    place: str | None = strawberry.field(description="Null also where there is no counter to go to.")
    fee: str | None
    consult_phones: GuidePhones | None
    complaint_phones: GuidePhones | None
    appointment: GuideAppointment
    courier: bool | None = strawberry.field(description="Whether the result can be delivered.")
    platform: str | None
    url: str | None
    mini_app_id: strawberry.ID | None = strawberry.field(description="The mini-app in which it can be used at once.")

    @classmethod
    def of(cls, guide: catalogue.Guide, call: Call) -> Self:
        """Return a guide as GraphQL shows it to this caller."""
        return cls(
            code=strawberry.ID(guide.code),
            title=guide.title.pick(call.locale),
            department=_words(guide.department, call.locale),
            area=GuideLabel(value=guide.area.code, label=guide.area.name.pick(call.locale)) if guide.area else None,
            kind=_label("kind", guide.kind, call) if guide.kind else None,
            groups=[_label("group", value, call) for value in guide.groups],
            themes=[_label("theme", value, call) for value in guide.themes],
            conditions=_words(guide.conditions, call.locale),
            materials=[material.pick(call.locale) for material in guide.materials],
            legal_limit=TimeLimit.of(guide.legal_limit),
            promised_limit=TimeLimit.of(guide.promised_limit),
            visits=guide.visits,
            place=_words(guide.place, call.locale),
            fee=_words(guide.fee, call.locale),
            consult_phones=GuidePhones.of(guide.consult),
            complaint_phones=GuidePhones.of(guide.complaint),
            appointment=GuideAppointment(online=guide.appointment.online, url=guide.appointment.url),
            courier=guide.courier,
            platform=_words(guide.platform, call.locale),
            url=guide.url,
            mini_app_id=strawberry.ID(guide.mini_app_id) if guide.mini_app_id else None,
        )


def _words(text: catalogue.Text | None, locale: Locale) -> str | None:
    return None if text is None else text.pick(locale)


def _label(family: str, value: str, call: Call) -> GuideLabel:
    return GuideLabel(value=value, label=catalogue.label(f"guide.{family}", value, call))


@strawberry.type(description="How many guides there are and how they spread. A dimension disregards its own filter.")
class GuideCounts:
    """The numbers of navigation."""

    total: int
    groups: list[GuideFacet]
    themes: list[GuideFacet]
    departments: list[GuideFacet]
    areas: list[GuideFacet]

    @classmethod
    def of(cls, counts: catalogue.Counts) -> Self:
        """Return counts as GraphQL shows them."""

        def facets(dimension: catalogue.Dimension) -> list[GuideFacet]:
            found = counts.facets[dimension]
            return [GuideFacet(value=item.value, label=item.label, count=item.count) for item in found]

        return cls(
            total=counts.total,
            groups=facets("group"),
            themes=facets("theme"),
            departments=facets("department"),
            areas=facets("area"),
        )


@strawberry.type(description="A guide in a list, with what was searched for marked in it.")
class GuideEdge:
    """One element of a list."""

    cursor: str
    node: Guide
    title: list[TextSegment]
    snippet: GuideSnippet | None

    @classmethod
    def of(cls, found: catalogue.Found, call: Call) -> Self:
        """Return an element as GraphQL shows it to this caller."""
        return cls(
            cursor=found.cursor,
            node=Guide.of(found.guide, call),
            title=TextSegment.all_of(found.title),
            snippet=GuideSnippet.of(found.snippet),
        )


@strawberry.type(description="A page of guides (Relay cursor connections), at most 100.")
class GuideConnection:
    """A page of guides."""

    edges: list[GuideEdge]
    page_info: PageInfo
    matching: GuideMatching | None = strawberry.field(description="Null for a list without search, or with no match.")
    asked: strawberry.Private[CountGuides]

    @field(allow=ANYONE, cost=SEARCH_COST)
    async def counts(self, info: Info) -> GuideCounts:
        """How the whole list spreads, not the page alone; counted only where it is asked for."""
        async with info.context.platform.db.reader() as reader:
            return GuideCounts.of(await catalogue.count_guides(info.context.call, self.asked, reader=reader))


@strawberry.input(description="One of the values in each dimension that names any; at most 20 values each.")
class GuideFilters:
    """Which guides are wanted."""

    groups: list[str] = strawberry.field(default_factory=list)
    themes: list[str] = strawberry.field(default_factory=list)
    departments: list[str] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)

    def taken(self) -> catalogue.Filters:
        """Return the filters as the core takes them."""
        return catalogue.Filters(
            groups=tuple(self.groups),
            themes=tuple(self.themes),
            departments=tuple(self.departments),
            areas=tuple(self.areas),
        )


GUIDES_CHANGED = (catalogue.GuidesImported.name,)
"""The fact after which what guides say may be something else."""


@strawberry.type
class CatalogueQuery:
    """Reading service guides: public, for everybody."""

    @field(allow=ANYONE, changed_by=GUIDES_CHANGED, cost=SEARCH_COST)
    async def guides(
        self,
        info: Info,
        query: str | None = None,
        filters: GuideFilters | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> GuideConnection:
        """Service guides: those a query of at most 100 characters finds, best first; all of them without a query."""
        context = info.context
        wanted = filters.taken() if filters else catalogue.Filters()
        async with context.platform.db.reader() as reader:
            if query is None:
                browse = catalogue.BrowseGuides(wanted, first, after)
                page = await catalogue.browse_guides(context.call, browse, reader=reader)
            else:
                search = catalogue.SearchGuides(query, wanted, first, after)
                page = await catalogue.search_guides(context.call, search, reader=reader)
        edges = [GuideEdge.of(found, context.call) for found in page.found]
        return GuideConnection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            matching=GuideMatching(page.matching) if page.matching else None,
            asked=CountGuides(filters=page.filters, text=page.text, matching=page.matching),
        )

    @field(allow=ANYONE, changed_by=GUIDES_CHANGED)
    async def guide(self, info: Info, code: strawberry.ID) -> Guide | None:
        """The guide of this national item code."""
        context = info.context
        async with context.platform.db.reader() as reader:
            found = await catalogue.find_guide(context.call, code, reader=reader)
        return None if found is None else Guide.of(found, context.call)

    @field(allow=ANYONE, changed_by=GUIDES_CHANGED, cost=SEARCH_COST)
    async def guide_navigation(self, info: Info, filters: GuideFilters | None = None) -> GuideCounts:
        """How many guides each user group, theme, department and area holds, within the filters chosen so far."""
        context = info.context
        wanted = CountGuides(filters.taken() if filters else catalogue.Filters())
        async with context.platform.db.reader() as reader:
            return GuideCounts.of(await catalogue.count_guides(context.call, wanted, reader=reader))
