"""A statement compiled ahead of time: for one caller, or for many who ask the same at the same moment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shimin.db.dialect import Dialect, PostgresDialect
from shimin.db.view import Kind

_PLACE = re.compile("\x00([0-9]+)\x00")


def place(number: int) -> str:
    """Return the mark of the ``number``-th value (from 1) in an expression that is not rendered yet."""
    return f"\x00{number}\x00"


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """Texts worked out in the database for some values; compared by identity, so it keys what is prepared.

    ``single`` takes the values. ``many`` exists on PostgreSQL alone: it takes an array for each value and gives a row
    for each element, its number (from 1) in the first column.
    """

    expressions: Sequence[str]
    """Expressions of type text, with ``place`` marks."""
    kinds: Sequence[Kind]
    """What each value is."""
    dialect: Dialect
    single: str = field(init=False)
    many: str = field(init=False)

    def __post_init__(self) -> None:
        """Render both forms."""
        object.__setattr__(self, "single", self._single())
        object.__setattr__(self, "many", self._many())

    def _single(self) -> str:
        def given(found: re.Match[str]) -> str:
            number = int(found[1])
            return self.dialect.parameter(number, self.kinds[number - 1])

        return f"SELECT {', '.join(_PLACE.sub(given, text) for text in self.expressions)}"

    def _many(self) -> str:
        if not isinstance(self.dialect, PostgresDialect) or not self.kinds:
            return ""
        numbers = range(1, len(self.kinds) + 1)
        arrays = ", ".join(f"${n}::{self.dialect.sql_type(self.kinds[n - 1])}[]" for n in numbers)
        names = ", ".join(f"p{n}" for n in numbers)
        texts = ", ".join(_PLACE.sub(r"asked.p\1", text) for text in self.expressions)
        return f"SELECT asked.n, {texts} FROM unnest({arrays}) WITH ORDINALITY AS asked ({names}, n)"  # noqa: S608 - rendered


class NoAnswer(Exception):  # noqa: N818 - not an error: the statement says that its rows need another way
    """A row was reached that the statement has no right answer for; it changed nothing."""
