"""Fills a database with the city: the product's own migrated tables, on PostgreSQL by COPY, on SQLite in one unit."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import asyncpg

from city_rows import CitySize, Row, Table, tables
from shimin.db import migrate

COPY_ROWS = 5_000
"""Rows that travel together."""
Advance = Callable[[str, int, int], None]
"""Hears of progress: table, rows written, rows in all."""


async def fill_postgres(url: str, size: CitySize, advance: Advance) -> None:
    """Migrate an empty PostgreSQL database and put the city into it; statistics are fresh afterwards."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET synchronous_commit = off")
        for table in tables(size, datetime.now(UTC)):
            await connection.copy_to_table(
                table.name, source=_copy_text(table, advance), columns=list(table.columns), format="text"
            )
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def fill_sqlite(path: Path, size: CitySize, advance: Advance) -> None:
    """Migrate a new SQLite file and put the city into it."""
    await migrate(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = off")
        for table in tables(size, datetime.now(UTC)):
            places = ",".join("?" * len(table.columns))
            written = 0
            while rows := list(islice(table.rows, COPY_ROWS)):
                connection.executemany(
                    f"INSERT INTO {table.name} ({','.join(table.columns)}) VALUES ({places})",  # noqa: S608 - own names
                    rows,
                )
                written += len(rows)
                advance(table.name, written, table.count)
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _copy_text(table: Table, advance: Advance) -> AsyncIterator[bytes]:
    """Yield rows in COPY's text format; no value of the city holds a tab, a newline or a backslash."""
    written = 0
    while rows := list(islice(table.rows, COPY_ROWS)):
        yield "".join(map(_copy_line, rows)).encode()
        written += len(rows)
        advance(table.name, written, table.count)


def _copy_line(row: Row) -> str:
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"
