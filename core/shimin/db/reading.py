"""Reads views: pages by keyset, single rows, many at once; the view's rule is part of every statement."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shimin.db.binding import as_instant, to_instant_text
from shimin.db.errors import InvalidCursor, PageTooLarge
from shimin.db.unit import Reader, Row
from shimin.db.view import ActorValue, Column, Direction, View, rule_sql
from shimin.kit.call import Call

PAGE_DEFAULT = 20
PAGE_MAX = 100
MANY_VALUES_MAX = 1000
MANY_ROWS_MAX = 10_000
CURSOR_CHARS_MAX = 2048
_Terms = tuple[tuple[str, Direction], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and how to go on."""

    rows: Sequence[Row]
    cursors: Sequence[str]
    """One per row: pass it as ``after`` to go on behind that row."""
    has_next: bool

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
        column = self._view.columns[name]
        left = f't."{column.sql}"'
        if value is None:
            self.conditions.append(f"{left} IS NULL")
        elif isinstance(value, list | tuple | set | frozenset):
            self.conditions.append(self._one_of(left, list(value)))
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

    def after(self, terms: _Terms, values: Sequence[object]) -> None:
        """Keep rows behind the given position: ``(a, b) > (x, y)``, spelled out where directions differ."""
        columns = [f't."{self._view.columns[name].sql}"' for name, _ in terms]
        directions = {direction for _, direction in terms}
        if len(directions) == 1:
            sign = ">" if directions == {"asc"} else "<"
            bound = ", ".join(self.bind(value) for value in values)
            self.conditions.append(f"({', '.join(columns)}) {sign} ({bound})")
            return
        alternatives = []
        for position, (_, direction) in enumerate(terms):
            parts = [f"{columns[before]} = {self.bind(values[before])}" for before in range(position)]
            sign = ">" if direction == "asc" else "<"
            parts.append(f"{columns[position]} {sign} {self.bind(values[position])}")
            alternatives.append(f"({' AND '.join(parts)})")
        self.conditions.append(f"({' OR '.join(alternatives)})")

    def text(self, *, order: _Terms = (), limit: int) -> str:
        selected = ", ".join(f't."{column.sql}" AS "{name}"' for name, column in self._view.columns.items())
        sorting = ", ".join(f't."{self._view.columns[name].sql}" {direction.upper()}' for name, direction in order)
        # Names come from the declaration, which checks them; every value is bound.
        sql = f'SELECT {selected} FROM "{self._view.table}" t WHERE {" AND ".join(self.conditions)}'  # noqa: S608
        return f"{sql} ORDER BY {sorting} LIMIT {limit}" if sorting else f"{sql} LIMIT {limit}"


async def read_page(
    reader: Reader,
    view: View,
    call: Call,
    *,
    order: str,
    where: Mapping[str, object] | None = None,
    first: int = PAGE_DEFAULT,
    after: str | None = None,
) -> Page:
    """Return a page of what the caller may see, in a named order.

    Args:
        reader: where to read.
        view: what to read.
        call: who asks; the view's rule is applied to them.
        order: one of the view's orders.
        where: values that columns must equal; a list means one of these, None means NULL.
        first: how many rows at most, 1 to 100.
        after: the cursor of the row to go on behind.

    Raises:
        PageTooLarge: ``first`` is beyond the limit.
        InvalidCursor: ``after`` was not given out by this list in this order.
    """
    if not 0 < first <= PAGE_MAX:
        raise PageTooLarge(first_max=PAGE_MAX)
    terms = view.terms(order)
    statement = _Statement(view, call, reader.engine)
    for name, value in (where or {}).items():
        statement.equal(name, value)
    if after is not None:
        statement.after(terms, _read_cursor(view, order, terms, after))
    found = await reader.fetch(statement.text(order=terms, limit=first + 1), *statement.args)
    rows = [_decode(view, row) for row in found[:first]]
    return Page(rows, [_write_cursor(view, order, terms, row) for row in rows], has_next=len(found) > first)


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
    order: _Terms = tuple((name, "asc") for name in view.key)
    found = await reader.fetch(statement.text(order=order, limit=MANY_ROWS_MAX + 1), *statement.args)
    if len(found) > MANY_ROWS_MAX:
        message = f"more than {MANY_ROWS_MAX} rows of {view.name} at once; read pages instead"
        raise ValueError(message)
    for row in found:
        decoded = _decode(view, row)
        grouped[decoded[column]].append(decoded)
    return grouped


def _decode(view: View, row: Row) -> Row:
    return {name: _value(view.columns[name], value) for name, value in row.items()}


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind == "document":
        return orjson.loads(value)
    if column.kind == "flag":
        return bool(value)
    if column.kind == "instant":
        return as_instant(value)
    return value


def _write_cursor(view: View, order: str, terms: _Terms, row: Row) -> str:
    position = [to_instant_text(value) if isinstance(value := row[name], datetime) else value for name, _ in terms]
    return base64.urlsafe_b64encode(orjson.dumps([view.name, order, *position])).decode().rstrip("=")


def _read_cursor(view: View, order: str, terms: _Terms, cursor: str) -> list[object]:
    if len(cursor) > CURSOR_CHARS_MAX:
        raise InvalidCursor
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise InvalidCursor from error
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
