"""Counts guides by user group, theme, department and area: the catalogue's navigation, and the facets of a search."""

from dataclasses import dataclass

from shimin.catalogue.matching import Attempt, attempts
from shimin.catalogue.model import DIMENSIONS, NO_FILTERS, Counts, Dimension, Facet, Filters, Matching
from shimin.catalogue.narrowing import Statement, check_filters, clean
from shimin.catalogue.search_guides import parse_query
from shimin.db import InvalidCursor, Reader, Row
from shimin.kit.call import Call
from shimin.kit.text import say, text_codes

FACET_VALUES_MAX = 500
"""Most values of a dimension; those with most guides."""


@dataclass(frozen=True, slots=True)
class CountGuides:
    """What is to be counted: all guides, or those that a search found."""

    filters: Filters = NO_FILTERS
    text: str | None = None
    matching: Matching | None = None
    """How the search took the words (``GuidePage.matching``)."""


async def count_guides(call: Call, query: CountGuides, *, reader: Reader) -> Counts:
    """Return how many guides there are and how they spread, in one statement.

    Args:
        call: its locale chooses the labels.
        query: see ``CountGuides``.
        reader: where to read.

    Raises:
        FiltersTooMany, QueryEmpty, QueryTooLong: see each.
    """
    check_filters(query.filters)
    attempt: Attempt | None = None
    if query.text is not None:
        ways = attempts(parse_query(query.text))
        if query.matching is None:  # the search found nothing
            return Counts(0, dict.fromkeys(DIMENSIONS, ()))
        attempt = next((way for way in ways if way.matching == query.matching), None)
        if attempt is None:
            raise InvalidCursor
    statement = Statement(reader.engine)
    rows = await reader.fetch(_text(statement, clean(query.filters), attempt), *statement.args)
    total = sum(row["found"] for row in rows if row["dimension"] == "total")
    return Counts(total, {dimension: _facets(dimension, rows, call) for dimension in DIMENSIONS})


def _text(statement: Statement, filters: Filters, attempt: Attempt | None) -> str:
    matched, join = "", ""
    if attempt:
        matched = f"WITH matched AS MATERIALIZED ({statement.matched(attempt, scored=False)}) "
        join = " JOIN matched m ON m.number = g.number"
    condition = statement.condition(filters)
    columns = "'total' AS dimension, '' AS value, '' AS name, '' AS name_en, count(*) AS found"
    parts = [f"SELECT {columns} FROM guide g{join} WHERE {condition}"]  # noqa: S608 - placeholders and our own names
    for dimension, value, name, name_en in (
        ("department", "g.department", "g.department", "g.department_en"),
        ("area", "g.area_code", "g.area", "g.area_en"),
    ):
        own = statement.condition(filters, leave_out=dimension)  # type: ignore[arg-type] # both are dimensions
        parts.append(
            f"SELECT '{dimension}', {value}, min({name}), min({name_en}), count(*) FROM guide g{join}"  # noqa: S608
            f" WHERE {value} IS NOT NULL AND {own} GROUP BY {value}"
        )
    labelled: tuple[Dimension, ...] = ("group", "theme")
    for dimension in labelled:
        own = statement.condition(filters, leave_out=dimension)
        parts.append(
            f"SELECT '{dimension}', l.value, l.value, NULL, count(*) FROM guide g{join}"  # noqa: S608
            f" JOIN guide_label l ON l.number = g.number AND l.dimension = '{dimension}' WHERE {own} GROUP BY l.value"
        )
    return matched + " UNION ALL ".join(parts)


def _facets(dimension: Dimension, rows: list[Row], call: Call) -> tuple[Facet, ...]:
    facets = [
        Facet(row["value"], _label(dimension, row, call), row["found"]) for row in rows if row["dimension"] == dimension
    ]
    return tuple(sorted(facets, key=lambda facet: (-facet.count, facet.value))[:FACET_VALUES_MAX])


def _label(dimension: Dimension, row: Row, call: Call) -> str:
    if dimension in {"group", "theme"}:
        return label(f"guide.{dimension}", row["value"], call)
    name: str = (row["name_en"] if call.locale == "en" else None) or row["name"]
    return name


def label(family: str, value: str, call: Call) -> str:
    """Return a group's, theme's or kind's name in the caller's language; the value itself where it has none."""
    code = f"{family}.{value}"
    return say(code, call.locale) if code in text_codes() else value
