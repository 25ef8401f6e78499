"""Lists guides without searching: by user group, theme, department and area."""

from dataclasses import dataclass

from shimin.catalogue.cursor import Place, question, read_cursor, write_cursor
from shimin.catalogue.model import NO_FILTERS, Filters, Found, GuidePage, Segment
from shimin.catalogue.narrowing import Statement, clean
from shimin.catalogue.search_guides import check_page, load_guides
from shimin.db import InvalidCursor, Reader
from shimin.db.reading import PAGE_DEFAULT
from shimin.kit.call import Call


@dataclass(frozen=True, slots=True)
class BrowseGuides:
    """Which guides are wanted, and which page of them."""

    filters: Filters = NO_FILTERS
    first: int = PAGE_DEFAULT
    after: str | None = None


async def browse_guides(call: Call, query: BrowseGuides, *, reader: Reader) -> GuidePage:
    """Return the guides that pass the filters, in the order in which they came into the catalogue.

    Raises:
        FiltersTooMany, PageTooLarge, InvalidCursor: see each.
    """
    check_page(query.first, query.filters)
    filters = clean(query.filters)
    asked = question(None, filters)
    statement = Statement(reader.engine)
    where = statement.condition(filters)
    if query.after is not None:
        matching, after = read_cursor(query.after, asked)
        if matching is not None:
            raise InvalidCursor
        where += f" AND g.number > {statement.bind(after.number)}"
    rows = await reader.fetch(
        f"SELECT g.number FROM guide g WHERE {where} ORDER BY g.number LIMIT {query.first + 1}",  # noqa: S608
        *statement.args,
    )
    numbers = [row["number"] for row in rows[: query.first]]
    found = tuple(
        Found(
            guide=guide,
            cursor=write_cursor(asked, None, Place(0, 0, number)),
            title=(Segment(guide.title.pick(call.locale), hit=False),),
        )
        for number, guide in zip(numbers, await load_guides(call, reader, numbers), strict=True)
    )
    return GuidePage(found, has_next=len(rows) > query.first, filters=filters)
