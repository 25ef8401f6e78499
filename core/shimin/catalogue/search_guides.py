"""Finds guides by words."""

from dataclasses import dataclass

from shimin.catalogue.cursor import Place, question, read_cursor, write_cursor
from shimin.catalogue.errors import QueryEmpty, QueryTooLong
from shimin.catalogue.highlight import mark, snippet
from shimin.catalogue.matching import Attempt, attempts
from shimin.catalogue.model import NO_FILTERS, Filters, Found, Guide, GuidePage
from shimin.catalogue.narrowing import Statement, check_filters, clean
from shimin.catalogue.tokens import Unit, query_units, search_key
from shimin.catalogue.views import GUIDES
from shimin.catalogue.wire import from_details
from shimin.db import InvalidCursor, PageTooLarge, Reader
from shimin.db.reading import PAGE_DEFAULT, PAGE_MAX, read_many
from shimin.kit.call import Call

QUERY_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class SearchGuides:
    """What is searched for, and which page of it."""

    text: str
    """Words as people write them, at most ``QUERY_CHARS_MAX`` characters; nothing in them is an operator."""
    filters: Filters = NO_FILTERS
    first: int = PAGE_DEFAULT
    after: str | None = None


async def search_guides(call: Call, query: SearchGuides, *, reader: Reader) -> GuidePage:
    """Return the guides that hold the words, those that hold them in their title first.

    Args:
        call: its locale chooses the language of titles and snippets; both languages are searched.
        query: see ``SearchGuides``.
        reader: where to read.

    Raises:
        QueryEmpty: no letter, digit or character to search for.
        QueryTooLong: more than ``QUERY_CHARS_MAX`` characters.
        FiltersTooMany, PageTooLarge, InvalidCursor: see each.
    """
    units = parse_query(query.text)
    check_page(query.first, query.filters)
    filters, key = clean(query.filters), search_key(query.text)
    asked = question(key, filters)
    ways = attempts(units)
    after: Place | None = None
    if query.after is None:
        attempt = await _fitting(ways, reader)
    else:
        matching, after = read_cursor(query.after, asked)
        attempt = next((way for way in ways if way.matching == matching), None)
        if attempt is None:
            raise InvalidCursor
    if attempt is None:
        return GuidePage((), has_next=False, matching=None, filters=filters, text=query.text)
    places = await _places(reader, attempt, key, filters, after, query.first + 1)
    guides = await load_guides(call, reader, [place.number for place in places[: query.first]])
    found = tuple(
        _found(guide, write_cursor(asked, attempt.matching, place), call, attempt.units)
        for place, guide in zip(places, guides, strict=False)
    )
    return GuidePage(found, len(places) > query.first, attempt.matching, filters, query.text)


def parse_query(text: str) -> tuple[Unit, ...]:
    """Return the runs of a query.

    Raises:
        QueryEmpty, QueryTooLong: see ``search_guides``.
    """
    if len(text) > QUERY_CHARS_MAX:
        raise QueryTooLong(chars_max=QUERY_CHARS_MAX)
    units = query_units(text)
    if not units:
        raise QueryEmpty
    return units


def check_page(first: int, filters: Filters) -> None:
    """Go on if the page and the filters are of a size that is given.

    Raises:
        PageTooLarge, FiltersTooMany: they are not.
    """
    if not 0 < first <= PAGE_MAX:
        raise PageTooLarge(first_max=PAGE_MAX)
    check_filters(filters)


async def load_guides(call: Call, reader: Reader, numbers: list[int]) -> list[Guide]:
    """Return the guides of these numbers, in this order."""
    rows = await read_many(reader, GUIDES, call, "number", numbers)
    return [from_details(row["code"], row["details"]) for number in numbers for row in rows[number]]


async def _fitting(ways: list[Attempt], reader: Reader) -> Attempt | None:
    """Return the strictest way to take the query that finds anything at all, whatever the filters are."""
    for way in ways:
        statement = Statement(reader.engine)
        found = await reader.fetch_one(f"{statement.matched(way, scored=False)} LIMIT 1", *statement.args)
        if found:
            return way
    return None


async def _places(
    reader: Reader, attempt: Attempt, key: str, filters: Filters, after: Place | None, limit: int
) -> list[Place]:
    statement = Statement(reader.engine)
    matched = statement.matched(attempt, scored=True)
    tier = statement.tier(key, attempt)
    where = statement.condition(filters)
    behind = ""
    if after:
        position = ", ".join(statement.bind(part) for part in (after.tier, after.score, after.number))
        behind = f" WHERE (tier, score, number) > ({position})"
    rows = await reader.fetch(
        f"WITH matched AS MATERIALIZED ({matched}),"  # noqa: S608 - placeholders and our own names
        f" ranked AS (SELECT {tier} AS tier, matched.score AS score, g.number AS number"
        f" FROM matched JOIN guide g ON g.number = matched.number WHERE {where})"
        f" SELECT tier, score, number FROM ranked{behind} ORDER BY tier, score, number LIMIT {limit}",
        *statement.args,
    )
    return [Place(row["tier"], row["score"], row["number"]) for row in rows]


def _found(guide: Guide, cursor: str, call: Call, units: tuple[Unit, ...]) -> Found:
    return Found(
        guide=guide,
        cursor=cursor,
        title=mark(guide.title.pick(call.locale), units),
        snippet=snippet(guide, call.locale, units),
    )
