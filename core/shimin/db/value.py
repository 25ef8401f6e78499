"""What a field shows of a row: worked out in Python from a row that was read, or in SQL where the row lies.

Both ways give the same; a domain states the value once, in its ``views.py``, and never writes it twice.
"""

import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shimin.db.dialect import Dialect, Sql
from shimin.db.unit import Row
from shimin.db.view import ActorValue, Column, Everyone, Kind, View
from shimin.kit.call import Call, Locale
from shimin.kit.text import LOCALES, say, text_codes, words_of


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who looks, and when: all that a value may depend on besides its row."""

    call: Call
    now: datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of looking, as a value to bind."""


NOW = Now()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a statement a row lies: its columns under an alias, named as the view names them."""

    view: View
    alias: str
    dialect: Dialect
    locale: Locale
    bind: Callable[[ActorValue | Now], str]
    """Returns the SQL that stands for something about the caller or the moment."""
    used: set[str]
    """Collects the columns that were named."""

    def column(self, name: str) -> Sql:
        """Return a column of the row."""
        self.used.add(name)
        column = self.view.columns[name]
        return Sql(f'{self.alias}."{name}"', column.kind, column.nullable)


class Value(ABC):
    """Something shown of a row."""

    @abstractmethod
    def read(self, row: Row, seen: Viewpoint) -> Any:
        """Return the value of a row that was read through the view."""

    @abstractmethod
    def sql(self, place: Place) -> Sql:
        """Return the expression for it."""

    def columns(self) -> Iterable[str]:
        """Name the columns it needs, so that a declaration is checked when it is imported."""
        return ()


@dataclass(frozen=True, slots=True)
class Same(Value):
    """A column as it is."""

    column: str

    def read(self, row: Row, seen: Viewpoint) -> Any:  # noqa: ARG002 - the same for everybody
        """Return the column."""
        return row[self.column]

    def sql(self, place: Place) -> Sql:
        """Return the column."""
        return place.column(self.column)

    def columns(self) -> Iterable[str]:
        """Name the column."""
        return (self.column,)


@dataclass(frozen=True, slots=True)
class InLanguage(Value):
    """The words of a document ``{locale: words}`` in the caller's language, else in the first, else ``otherwise``."""

    column: str
    otherwise: str = ""
    """A text column for words that exist in no language; empty: the empty text."""

    def read(self, row: Row, seen: Viewpoint) -> str:
        """Pick the words."""
        words = row[self.column]
        found: str = words.get(seen.call.locale) or words.get(LOCALES[0])
        return found or (row[self.otherwise] if self.otherwise else "")

    def sql(self, place: Place) -> Sql:
        """Pick the words."""
        document = place.column(self.column).text
        wanted = list(dict.fromkeys((place.locale, LOCALES[0])))
        found = [f"nullif({place.dialect.member(document, locale)}, '')" for locale in wanted]
        last = place.column(self.otherwise).text if self.otherwise else "''"
        return Sql(f"coalesce({', '.join((*found, last))})", "text")

    def columns(self) -> Iterable[str]:
        """Name both columns."""
        return (self.column, *([self.otherwise] if self.otherwise else []))


@dataclass(frozen=True, slots=True)
class Member(Value):
    """A text member of a document, None where it is missing."""

    column: str
    member: str

    def read(self, row: Row, seen: Viewpoint) -> str | None:  # noqa: ARG002 - the same for everybody
        """Return the member."""
        found: str | None = row[self.column].get(self.member)
        return found

    def sql(self, place: Place) -> Sql:
        """Return the member."""
        return Sql(place.dialect.member(place.column(self.column).text, self.member), "text", nullable=True)

    def columns(self) -> Iterable[str]:
        """Name the column."""
        return (self.column,)


@dataclass(frozen=True, slots=True)
class Is(Value):
    """Whether a column equals a text."""

    column: str
    text: str

    def read(self, row: Row, seen: Viewpoint) -> bool:  # noqa: ARG002 - the same for everybody
        """Compare."""
        return bool(row[self.column] == self.text)

    def sql(self, place: Place) -> Sql:
        """Compare."""
        return Sql(place.dialect.same(place.column(self.column).text, place.dialect.literal(self.text)), "flag")

    def columns(self) -> Iterable[str]:
        """Name the column."""
        return (self.column,)


@dataclass(frozen=True, slots=True)
class IsCallers(Value):
    """Whether a column equals something about the caller."""

    column: str
    value: ActorValue

    def read(self, row: Row, seen: Viewpoint) -> bool:
        """Compare."""
        return bool(row[self.column] == self.value.read(seen.call))

    def sql(self, place: Place) -> Sql:
        """Compare."""
        return Sql(place.dialect.same(place.column(self.column).text, place.bind(self.value)), "flag")

    def columns(self) -> Iterable[str]:
        """Name the column."""
        return (self.column,)


@dataclass(frozen=True, slots=True)
class OfCaller(Value):
    """Something about the caller, whatever the row."""

    value: ActorValue
    kind: Kind = "text"
    """What it is; a ``document`` is handed over as JSON text."""

    def read(self, row: Row, seen: Viewpoint) -> Any:  # noqa: ARG002 - the row has no part in it
        """Return it."""
        found = self.value.read(seen.call)
        return orjson.loads(found) if self.kind == "document" and isinstance(found, str) else found

    def sql(self, place: Place) -> Sql:
        """Return it."""
        return Sql(place.bind(self.value), self.kind, nullable=True)


@dataclass(frozen=True, slots=True)
class Lapsed(Value):
    """A state's text, and another one once a moment of the row has passed."""

    column: str
    state: str
    until: str
    then: str

    def read(self, row: Row, seen: Viewpoint) -> str:
        """Return the state at the moment of looking."""
        found: str = row[self.column]
        return self.then if found == self.state and row[self.until] <= seen.now else found

    def sql(self, place: Place) -> Sql:
        """Return the state at the moment of looking."""
        state, until = place.column(self.column).text, place.column(self.until).text
        over = f"{state} = {place.dialect.literal(self.state)} AND {until} <= {place.bind(NOW)}"
        return Sql(f"CASE WHEN {over} THEN {place.dialect.literal(self.then)} ELSE {state} END", "text")

    def columns(self) -> Iterable[str]:
        """Name both columns."""
        return (self.column, self.until)


@dataclass(frozen=True, slots=True)
class Said(Value):
    """Words chosen by a code column, with their open places filled from a document of texts.

    A code that is not among ``codes``, and a place the document does not fill, are faults: they have no words.
    """

    column: str
    filled_from: str
    codes: tuple[tuple[str, str], ...]
    """Pairs of what the column holds and the text code of its words."""

    def read(self, row: Row, seen: Viewpoint) -> str:
        """Find the words and fill them."""
        return say(dict(self.codes)[row[self.column]], seen.call.locale, row[self.filled_from])

    def sql(self, place: Place) -> Sql:
        """Choose and fill the words where the row lies."""
        column, document = place.column(self.column).text, place.column(self.filled_from).text
        chosen = " ".join(
            f"WHEN {place.dialect.literal(held)} THEN {self._filled(place, code, document)}"
            for held, code in self.codes
        )
        return Sql(f"CASE {column} {chosen} ELSE {place.dialect.broken} END", "text")

    @staticmethod
    def _filled(place: Place, code: str, document: str) -> str:
        parts = []
        for words, name, form, conversion in string.Formatter().parse(words_of(code, place.locale) or code):
            if form or conversion or (name is not None and not name.isidentifier()):
                message = f"the words of {code} hold more than plain places"
                raise ValueError(message)
            if words:
                parts.append(place.dialect.literal(words))
            if name is not None:
                parts.append(f"coalesce({place.dialect.member(document, name)}, {place.dialect.broken})")
        return place.dialect.concat(parts or ["''"])

    def columns(self) -> Iterable[str]:
        """Name both columns."""
        return (self.column, self.filled_from)


@dataclass(frozen=True, slots=True)
class Labelled(Value):
    """What a code column is called: the words of ``prefix`` and the code, else these two as they are."""

    column: str
    prefix: str

    def read(self, row: Row, seen: Viewpoint) -> str:
        """Find the words."""
        return say(f"{self.prefix}{row[self.column]}", seen.call.locale)

    def sql(self, place: Place) -> Sql:
        """Choose the words."""
        column, quote = place.column(self.column).text, place.dialect.literal
        known = " ".join(
            f"WHEN {quote(code.removeprefix(self.prefix))} THEN {quote(words_of(code, place.locale) or code)}"
            for code in sorted(text_codes())
            if code.startswith(self.prefix)
        )
        unknown = place.dialect.concat([quote(self.prefix), column])
        return Sql(f"CASE {column} {known} ELSE {unknown} END" if known else unknown, "text")

    def columns(self) -> Iterable[str]:
        """Name the column."""
        return (self.column,)


ITEM = View(
    name="item",
    table="item",
    columns={"item": Column("item", "text", "public")},
    key=("item",),
    visible=Everyone(),
)
"""What an item of a list of texts looks like to values: a row of one column."""
