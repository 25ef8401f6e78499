"""Writes terms and queries in each engine's own notation; the only place that knows both."""

from collections.abc import Sequence
from dataclasses import dataclass

from shimin.catalogue.model import Matching
from shimin.catalogue.tokens import Unit, index_terms, key_units, loose_units
from shimin.db import Engine

COLUMN_GAP = 10
"""Positions left between columns on PostgreSQL, so that no phrase reaches from one into the next."""
TITLE_TERMS_MAX, NAMES_TERMS_MAX, BODY_TERMS_MAX = 500, 2000, 8000
"""Terms indexed per column; together below 16,383, PostgreSQL's highest position in a text-search vector."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to take a query: which words must be found, and whether all of them."""

    matching: Matching
    units: tuple[Unit, ...]

    def expression(self, engine: Engine) -> str:
        """Return the query in the engine's notation; every term is quoted, so none can be an operator."""
        write = _fts5 if engine == "sqlite" else _tsquery
        parts = [write(unit, names_only=self.matching == "any_word") for unit in self.units]
        if engine == "sqlite":
            return (" OR " if self.matching == "any_word" else " AND ").join(parts)
        return (" | " if self.matching == "any_word" else " & ").join(parts)


def attempts(units: tuple[Unit, ...]) -> list[Attempt]:
    """Return the ways to take a query, strictest first.

    First every word must be found, Chinese ones unbroken. A question such as 怎么办护照 finds nothing that way, so
    next the words of asking are left out; last, one pair or word in a name is enough.
    """
    ways = [Attempt("all_words", units)]
    key = key_units(units)
    if key and key != units:
        ways.append(Attempt("key_words", key))
    loose = loose_units(key or units)
    if len(loose) > 1:
        ways.append(Attempt("any_word", loose))
    return ways


def _fts5(unit: Unit, *, names_only: bool) -> str:
    phrase = '"' + " ".join(unit.terms) + '"' + ("*" if unit.is_prefix else "")
    return f"{{title names}} : {phrase}" if names_only else phrase


def _tsquery(unit: Unit, *, names_only: bool) -> str:
    mark = ("*" if unit.is_prefix else "") + ("AB" if names_only else "")
    suffix = f":{mark}" if mark else ""
    return "(" + " <-> ".join(f"'{term}'{suffix}" for term in unit.terms) + ")"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The texts of a guide as they are indexed: a hit in the title counts most, then names, then the rest."""

    title: Sequence[str]
    names: Sequence[str]
    body: Sequence[str]

    def columns(self) -> tuple[list[str], list[str], list[str]]:
        """Return the terms of each column."""
        return (
            index_terms(self.title, TITLE_TERMS_MAX),
            index_terms(self.names, NAMES_TERMS_MAX),
            index_terms(self.body, BODY_TERMS_MAX),
        )

    def fts5(self) -> tuple[str, str, str]:
        """Return what SQLite's index is given for each column."""
        title, names, body = self.columns()
        return " ".join(title), " ".join(names), " ".join(body)

    def tsvector(self) -> str:
        """Return a PostgreSQL text-search vector: titles weigh A, names B, the rest D."""
        places: dict[str, list[str]] = {}
        start = 1
        for terms, weight in zip(self.columns(), ("A", "B", ""), strict=True):
            for position, term in enumerate(terms, start):
                places.setdefault(term, []).append(f"{position}{weight}")
            start += len(terms) + COLUMN_GAP
        return " ".join(f"'{term}':{','.join(at)}" for term, at in places.items())
