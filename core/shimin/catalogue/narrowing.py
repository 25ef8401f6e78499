"""Writes the parts of statements that narrow the catalogue: filters, the words searched for, and their order."""

from dataclasses import dataclass, field

from shimin.catalogue.errors import FiltersTooMany
from shimin.catalogue.matching import Attempt
from shimin.catalogue.model import DIMENSIONS, Dimension, Filters
from shimin.db import Engine

VALUES_MAX = 20
VALUE_CHARS_MAX = 300
CONTAINED_UNITS_MAX = 8
"""Longer queries are not looked for in titles run by run; the index still finds and ranks them."""
SCORE_SCALE = 10**9
"""FTS5 scores words that stand in most guides in millionths, and those must still differ."""
TITLE_WEIGHT, NAMES_WEIGHT, BODY_WEIGHT = 10.0, 4.0, 1.0

_COLUMNS = {"department": "department", "area": "area_code"}


@dataclass(slots=True)
class Statement:
    """Collects values while the text of a statement is written."""

    engine: Engine
    args: list[object] = field(default_factory=list)

    def bind(self, value: str | int) -> str:
        """Return the placeholder for a value."""
        self.args.append(value)
        return f"${len(self.args)}"

    def condition(self, filters: Filters, *, leave_out: Dimension | None = None) -> str:
        """Return the condition that guide ``g`` passes the filters."""
        parts = ["TRUE"]
        for dimension in DIMENSIONS:
            values = filters.of(dimension)
            if not values or dimension == leave_out:
                continue
            wanted = ", ".join(self.bind(value) for value in values)
            if dimension in _COLUMNS:
                parts.append(f"g.{_COLUMNS[dimension]} IN ({wanted})")
            else:
                parts.append(
                    "g.number IN (SELECT number FROM guide_label"  # noqa: S608 - placeholders and our own names
                    f" WHERE dimension = '{dimension}' AND value IN ({wanted}))"
                )
        return " AND ".join(parts)

    def matched(self, attempt: Attempt, *, scored: bool) -> str:
        """Return the query whose rows are the guides the words find: ``number`` and, if wanted, ``score``.

        A lower score is better. Scores are whole numbers, so that a cursor can hold one exactly.
        """
        expression = self.bind(attempt.expression(self.engine))
        if self.engine == "sqlite":
            score = (
                f"CAST(bm25(guide_search, {TITLE_WEIGHT}, {NAMES_WEIGHT}, {BODY_WEIGHT}) * {SCORE_SCALE} AS INTEGER)"
            )
            selected = f"rowid AS number, {score} AS score" if scored else "rowid AS number"
            return f"SELECT {selected} FROM guide_search WHERE guide_search MATCH {expression}"  # noqa: S608
        query = f"CAST(CAST({expression} AS TEXT) AS TSQUERY)"
        weights = f"'{{{BODY_WEIGHT / 10}, {BODY_WEIGHT / 10}, {NAMES_WEIGHT / 10}, {TITLE_WEIGHT / 10}}}'"
        score = f"CAST(ts_rank({weights}, terms, {query}, 1) * -{SCORE_SCALE} AS BIGINT)"
        selected = f"number, {score} AS score" if scored else "number"
        return f"SELECT {selected} FROM guide_search WHERE terms @@ {query}"  # noqa: S608

    def tier(self, key: str, attempt: Attempt) -> str:
        """Return how well guide ``g``'s titles fit: 0 the same words, 1 begins with them, 2 holds all, 3 neither."""
        whole = self.bind(key)
        position = "instr" if self.engine == "sqlite" else "strpos"
        units = attempt.units[:CONTAINED_UNITS_MAX]
        runs = [self.bind(unit.text) for unit in units] if len(units) == len(attempt.units) else []
        titles = ("g.title_key", "g.title_en_key")
        same = " OR ".join(f"{title} = {whole}" for title in titles)
        begins = " OR ".join(f"substr({title}, 1, length({whole})) = {whole}" for title in titles)
        holds = " OR ".join(
            "(" + " AND ".join(f"{position}({title}, {run}) > 0" for run in runs) + ")" for title in titles if runs
        )
        return f"CASE WHEN {same} THEN 0 WHEN {begins} THEN 1 WHEN {holds or 'FALSE'} THEN 2 ELSE 3 END"


def check_filters(filters: Filters) -> None:
    """Go on if the filters are of a size that is taken.

    Raises:
        FiltersTooMany: more than ``VALUES_MAX`` values in a dimension, or one longer than ``VALUE_CHARS_MAX``.
    """
    for dimension in DIMENSIONS:
        values = filters.of(dimension)
        if len(values) > VALUES_MAX or any(len(value) > VALUE_CHARS_MAX for value in values):
            raise FiltersTooMany(dimension=dimension, values_max=VALUES_MAX, chars_max=VALUE_CHARS_MAX)


def clean(filters: Filters) -> Filters:
    """Return the filters without characters that no stored value holds and that engines take differently.

    A value with such a character becomes one that names nothing, rather than an error of the database.
    """

    def of(dimension: Dimension) -> tuple[str, ...]:
        return tuple(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
            for value in filters.of(dimension)
        )

    return Filters(groups=of("group"), themes=of("theme"), departments=of("department"), areas=of("area"))
