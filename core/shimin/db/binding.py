"""One way to write SQL for both engines: ``$1`` placeholders and the same Python values in and out."""

import re
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
INSTANT_SQLITE_TYPE = "INSTANT TEXT"
"""Declared type of a time column on SQLite: the first word picks the converter, the second the TEXT affinity."""
FLAG_SQLITE_TYPE = "BOOLEAN"

_LEXEMES = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<number>[1-9][0-9]{0,4})
    | (?P<lock>\s+FOR\s+(?:NO\s+KEY\s+)?UPDATE (?:\s+OF\s+[\w", ]+?)? (?:\s+(?:NOWAIT|SKIP\s+LOCKED))?
        (?=\s*(?:\)|;|$)))
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""What a statement is made of, as far as it must be told apart: quoted texts and comments stay as they are."""


@lru_cache(maxsize=2048)
def to_sqlite_sql(sql: str) -> str:
    """Turn ``$n`` outside quotes and comments into SQLite's ``?n`` and leave out row locks.

    A unit on SQLite is the only writer, so every row it reads is already locked for it.
    """

    def replace(found: re.Match[str]) -> str:
        if found["lock"]:
            return ""
        return f"?{found['number']}" if found["number"] else found[0]

    return _LEXEMES.sub(replace, sql)


def to_instant_text(value: datetime) -> str:
    """Write an aware time as fixed-width UTC text that sorts by time: ``2026-01-31T08:00:00.000000Z``.

    Raises:
        ValueError: the time has no zone.
    """
    if value.tzinfo is None:
        message = "a time without a zone cannot be stored; take it from the clock"
        raise ValueError(message)
    at = value.astimezone(UTC)
    # strftime does not pad years before 1000, which would break the fixed width.
    return at.strftime(_INSTANT_FORMAT).rjust(27, "0")


def as_instant(value: datetime | str) -> datetime:
    """Return an aware UTC time from what either engine gave, aggregates such as ``max(created_at)`` included.

    Raises:
        ValueError: the time has no zone, or the text is no time.
    """
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if at.tzinfo is None:
        message = "a time without a zone means nothing here; take it from the clock"
        raise ValueError(message)
    return at.astimezone(UTC)


def check_args(args: Iterable[object]) -> None:
    """Refuse values the two engines would take differently.

    Raises:
        ValueError: a time has no zone.
        TypeError: the value is of a type that is not str, int, float, bool, bytes, datetime or None.
    """
    for value in args:
        if value is None or isinstance(value, str | int | bytes | float):
            continue
        if isinstance(value, datetime):
            if value.tzinfo is None:
                message = "a time without a zone cannot be bound; take it from the clock"
                raise ValueError(message)
            continue
        if isinstance(value, list | tuple):
            check_args(value)  # arrays exist on PostgreSQL alone; SQLite refuses them when it binds
            continue
        message = f"a value of type {type(value).__name__} cannot be bound; store documents through DocumentField"
        raise TypeError(message)


def to_sqlite_args(args: Iterable[object]) -> list[Any]:
    """Return the values as SQLite stores them."""
    values: list[Any] = []
    for value in args:
        if isinstance(value, datetime):
            values.append(to_instant_text(value))
        elif isinstance(value, bool):
            values.append(int(value))
        else:
            values.append(value)
    check_args(values)
    return values


def register_sqlite_converters() -> None:
    """Make columns declared as ours come back as Python values from any SQLite connection that asks for it."""
    sqlite3.register_converter("INSTANT", lambda raw: datetime.fromisoformat(raw.decode("ascii")))
    sqlite3.register_converter(FLAG_SQLITE_TYPE, lambda raw: raw != b"0")
