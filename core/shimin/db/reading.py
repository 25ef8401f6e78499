"""Reads views: pages by keyset, single rows, many at once; the view's rule is part of every statement."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from shimin.db.binding import as_instant, to_instant_text
from shimin.db.errors import InvalidCursor, PageAmbiguous, PageTooLarge
from shimin.db.unit import Reader, Row
from shimin.db.view import ActorValue, Column, Direction, View, rule_sql
from shimin.kit.call import Call

PAGE_DEFAULT = 20
PAGE_MAX = 100
MANY_VALUES_MAX = 1000
MANY_ROWS_MAX = 10_000
CURSOR_CHARS_MAX = 4096
Terms = tuple[tuple[str, Direction], ...]


@dataclass(frozen=True, slots=True)
class LaterThan:
    """A condition for ``where``: the column's moment lies after this one."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is wanted: the ``first`` behind a cursor, or the ``last`` before one.

    Source: GraphQL Cursor Connections Specification, section 4.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def backward(self) -> bool:
        """Whether the list is read from its end."""
        return self.last is not None

    @property
    def size(self) -> int:
        """How many rows at most; ``PAGE_DEFAULT`` where nothing is said.

        Raises:
            PageAmbiguous: both ``first`` and ``last`` are given.
            PageTooLarge: not 1 to ``PAGE_MAX``.
        """
        if self.first is not None and self.last is not None:
            raise PageAmbiguous
        size = self.last if self.last is not None else self.first
        if size is None:
            return PAGE_DEFAULT
        if not 0 < size <= PAGE_MAX:
            raise PageTooLarge(first_max=PAGE_MAX)
        return size


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and how to go on."""

    rows: Sequence[Row]
    cursors: Sequence[str]
    """One per row: pass it as ``after`` to go on behind that row."""
    has_next: bool
    has_previous: bool = False

    @property
    def end_cursor(self) -> str | None:
        """The last row's cursor, or None for an empty page."""
        return self.cursors[-1] if self.cursors else None


class _Statement:
    """Collects values while the text of a statement is written."""

    def __init__(self, view: View, call: Call, engine: str) -> None:
        self.args: list[object] = []
        self._call = call
        self._view = view
        self._engine = engine
        self.conditions = [rule_sql(view.visible, "t", self._actor)]

    def bind(self, value: object) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    def _actor(self, value: ActorValue) -> str:
        found = value.read(self._call)
        if value.is_flag:
            return "TRUE" if found else "FALSE"
        # Compared with NULL no row is seen: a caller without such an id gets nothing.
        return "NULL" if found is None else self.bind(found)

    def equal(self, name: str, value: object) -> None:
        left = self._view.ref("t", name)
        if value is None:
            self.conditions.append(f"{left} IS NULL")
        elif isinstance(value, LaterThan):
            self.conditions.append(f"{left} > {self.bind(value.at)}")
        elif isinstance(value, list | tuple | set | frozenset):
            self.conditions.append(self._one_of(left, list(value)))
        elif self._engine == "postgres" and isinstance(value, str) and "\x00" in value:
            self.conditions.append(
                "FALSE"
            )  # PostgreSQL has no text with NUL, so no row equals it; bound, it is an error
        else:
            self.conditions.append(f"{left} = {self.bind(value)}")

    def _one_of(self, left: str, values: list[object]) -> str:
        if len(values) > MANY_VALUES_MAX:
            message = f"at most {MANY_VALUES_MAX} values at once"
            raise ValueError(message)
        if self._engine == "postgres":
            return f"{left} = ANY({self.bind(values)})"
        plain = [to_instant_text(value) if isinstance(value, datetime) else value for value in values]
        bound = self.bind(orjson.dumps(plain).decode())
        return f"{left} IN (SELECT value FROM json_each({bound}))"  # noqa: S608 - a checked name and a placeholder

    def beyond(self, terms: Terms, values: Sequence[object]) -> None:
        """Keep rows behind the given position."""
        columns = [self._view.ref("t", name) for name, _ in terms]
        self.conditions.append(keyset(columns, [way for _, way in terms], [self.bind(value) for value in values]))

    def counting(self) -> str:
        """Return the statement that counts."""
        return f"SELECT count(*) FROM {self._view.source('t')} WHERE {' AND '.join(self.conditions)}"  # noqa: S608 - as below

    def text(self, *, order: Terms = (), limit: int) -> str:
        selected = ", ".join(f'{self._view.ref("t", name)} AS "{name}"' for name in self._view.columns)
        sorting = ", ".join(f"{self._view.ref('t', name)} {direction.upper()}" for name, direction in order)
        # Names come from the declaration, which checks them; every value is bound.
        sql = f"SELECT {selected} FROM {self._view.source('t')} WHERE {' AND '.join(self.conditions)}"  # noqa: S608
        return f"{sql} ORDER BY {sorting} LIMIT {limit}" if sorting else f"{sql} LIMIT {limit}"


async def read_page(
    reader: Reader,
    view: View,
    call: Call,
    *,
    order: str,
    where: Mapping[str, object] | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """Return a page of what the caller may see, in a named order.

    Args:
        reader: where to read.
        view: what to read.
        call: who asks; the view's rule is applied to them.
        order: one of the view's orders.
        where: values that columns must equal; a list means one of these, None means NULL, or ``LaterThan``.
        first: how many rows at most, 1 to 100; ``PAGE_DEFAULT`` where neither ``first`` nor ``last`` is given.
        after: the cursor of the row to go on behind.
        last: how many rows at most from the end, 1 to 100, in the same order.
        before: the cursor of the row to stop before.

    Raises:
        PageAmbiguous: ``first`` and ``last`` together.
        PageTooLarge: a number beyond the limit.
        InvalidCursor: a cursor was not given out by this list in this order.
    """
    part = Slice(first, after, last, before)
    size = part.size
    forward = view.terms(order)
    back = reverse(forward)
    statement = _Statement(view, call, reader.engine)
    for name, value in (where or {}).items():
        statement.equal(name, value)
    if after is not None:
        statement.beyond(forward, read_cursor(view, order, after))
    if before is not None:
        statement.beyond(back, read_cursor(view, order, before))
    terms = back if part.backward else forward
    found = await reader.fetch(statement.text(order=terms, limit=size + 1), *statement.args)
    rows = [_decode(view, row) for row in found[:size]]
    more = len(found) > size
    if part.backward:
        rows.reverse()
    cursors = [write_cursor(view, order, row) for row in rows]
    if part.backward:
        return Page(rows, cursors, has_next=before is not None, has_previous=more)
    return Page(rows, cursors, has_next=more, has_previous=after is not None)


async def count_rows(reader: Reader, view: View, call: Call, where: Mapping[str, object] | None = None) -> int:
    """Return how many rows the caller may see that meet the conditions."""
    statement = _Statement(view, call, reader.engine)
    for name, value in (where or {}).items():
        statement.equal(name, value)
    counted: int = await reader.fetch_value(statement.counting(), *statement.args)
    return counted


async def read_one(reader: Reader, view: View, call: Call, key: object) -> Row | None:
    """Return the row of this key, or None where there is none that the caller may see.

    Args:
        reader: where to read.
        view: what to read.
        call: who asks.
        key: the key's value; a tuple where the key has several columns.
    """
    values = key if isinstance(key, tuple) else (key,)
    statement = _Statement(view, call, reader.engine)
    for name, value in zip(view.key, values, strict=True):
        statement.equal(name, value)
    row = await reader.fetch_one(statement.text(limit=1), *statement.args)
    return None if row is None else _decode(view, row)


async def read_many(
    reader: Reader, view: View, call: Call, column: str, values: Iterable[object]
) -> dict[object, list[Row]]:
    """Return, for each value of a column, the rows the caller may see (for data loaders; every value is present).

    Raises:
        ValueError: more than ``MANY_VALUES_MAX`` values, or more than ``MANY_ROWS_MAX`` rows.
    """
    wanted = list(dict.fromkeys(values))
    grouped: dict[object, list[Row]] = {value: [] for value in wanted}
    if not wanted:
        return grouped
    statement = _Statement(view, call, reader.engine)
    statement.equal(column, wanted)
    order: Terms = tuple((name, "asc") for name in view.key)
    found = await reader.fetch(statement.text(order=order, limit=MANY_ROWS_MAX + 1), *statement.args)
    if len(found) > MANY_ROWS_MAX:
        message = f"more than {MANY_ROWS_MAX} rows of {view.name} at once; read pages instead"
        raise ValueError(message)
    for row in found:
        decoded = _decode(view, row)
        grouped[decoded[column]].append(decoded)
    return grouped


def _decode(view: View, row: Row) -> Row:
    decoded = dict(row)
    for name, kind in view.converted:
        value = decoded[name]
        if value is not None:
            decoded[name] = _CONVERT[kind](value)
    return decoded


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "document": orjson.loads,
    "flag": bool,
    "instant": as_instant,
    "date": date.fromisoformat,
}


def reverse(terms: Terms) -> Terms:
    """Return the opposite order."""
    return tuple((name, "asc" if direction == "desc" else "desc") for name, direction in terms)


def keyset(columns: Sequence[str], directions: Sequence[Direction], values: Sequence[str]) -> str:
    """Return the condition of rows behind a position: ``(a, b) > (x, y)``, spelled out where directions differ.

    Args:
        columns: the SQL of the order's columns.
        directions: of each column.
        values: the SQL of the position's values.
    """
    if len(set(directions)) == 1:
        sign = ">" if directions[0] == "asc" else "<"
        return f"({', '.join(columns)}) {sign} ({', '.join(values)})"
    alternatives = []
    for place, direction in enumerate(directions):
        parts = [f"{columns[before]} = {values[before]}" for before in range(place)]
        parts.append(f"{columns[place]} {'>' if direction == 'asc' else '<'} {values[place]}")
        alternatives.append(f"({' AND '.join(parts)})")
    return f"({' OR '.join(alternatives)})"


def write_cursor(view: View, order: str, row: Row) -> str:
    """Return the cursor of a row in an order: hexadecimal, since both engines can write that too."""
    position = [_in_cursor(row[name]) for name, _ in view.terms(order)]
    return orjson.dumps([view.name, order, *position]).hex()


def _in_cursor(value: object) -> object:
    if isinstance(value, datetime):
        return to_instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def read_cursor(view: View, order: str, cursor: str) -> list[object]:
    """Return the position a cursor stands for.

    Raises:
        InvalidCursor: it was not given out by this list in this order.
    """
    if len(cursor) > CURSOR_CHARS_MAX:
        raise InvalidCursor
    try:
        content = orjson.loads(bytes.fromhex(cursor))
    except ValueError as error:
        raise InvalidCursor from error
    terms = view.terms(order)
    if not isinstance(content, list) or content[:2] != [view.name, order] or len(content) != len(terms) + 2:
        raise InvalidCursor
    return [_cursor_value(view.columns[name], value) for (name, _), value in zip(terms, content[2:], strict=True)]


def _cursor_value(column: Column, value: object) -> object:
    if column.kind in {"integer", "money"}:
        if type(value) is int and abs(value) < 2**63:
            return value
    elif isinstance(value, str) and "\x00" not in value:
        if column.kind != "instant":
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidCursor from error
        if at.tzinfo is not None:
            return at
    raise InvalidCursor
