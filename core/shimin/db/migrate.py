"""Brings a database to the schema of this version: step by step, each all or nothing, safe to start twice."""

import importlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from tortoise.migrations.migration import Migration
from tortoise.migrations.writer import MigrationWriter

from shimin.db.applied import MIGRATIONS, migration_names, recorded_migrations, refuse_newer
from shimin.db.errors import DatabaseUrlInvalid
from shimin.db.orm import APP, OWN_MODELS, OrmClient
from shimin.db.postgres import PostgresSession, connect, place_of
from shimin.db.schema import editor_for, empty_state, operations_between, state_of
from shimin.db.sqlite import configure_writer, prepare_file, sqlite_path
from shimin.db.sqlite_thread import ConnectionThread, ThreadSession
from shimin.db.unit import Engine

_LOCK_KEY = 7_309_240_115_012_001
"""Names the advisory lock that lets one process migrate a server at a time."""
_CREATE_RECORD = "CREATE TABLE IF NOT EXISTS shimin_migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)"


class _Steps(Protocol):
    """A connection of its own on which each step is one transaction."""

    engine: Engine
    client: OrmClient

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def roll_back(self) -> None: ...


class _SqliteSteps:
    """A writing connection with foreign keys off: a rebuilt table is dropped, which must not cascade."""

    engine: Engine = "sqlite"

    def __init__(self, thread: ConnectionThread) -> None:
        self.client = OrmClient(ThreadSession(thread), "sqlite")

    async def begin(self) -> None:
        await self.client.execute("BEGIN IMMEDIATE", ())

    async def commit(self) -> None:
        broken = await self.client.fetch("PRAGMA foreign_key_check", ())
        if broken:
            await self.roll_back()
            message = f"the migration leaves {len(broken)} rows whose parent is gone, first in {broken[0]['table']}"
            raise AssertionError(message)
        await self.client.execute("COMMIT", ())

    async def roll_back(self) -> None:
        await self.client.execute("ROLLBACK", ())


class _PostgresSteps:
    """A connection without limits on how long a statement takes."""

    engine: Engine = "postgres"

    def __init__(self, session: PostgresSession) -> None:
        self.client = OrmClient(session, "postgres")

    async def begin(self) -> None:
        await self.client.execute("BEGIN", ())
        await self.client.execute(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})", ())

    async def commit(self) -> None:
        await self.client.execute("COMMIT", ())

    async def roll_back(self) -> None:
        await self.client.execute("ROLLBACK", ())


@asynccontextmanager
async def _steps(url: str) -> AsyncIterator[_Steps]:
    if url.startswith("sqlite:"):
        path = sqlite_path(url)
        prepare_file(path)
        thread = ConnectionThread(str(path), "shimin-db-migration")
        try:
            await thread.call(configure_writer)
            await thread.call(lambda connection: connection.execute("PRAGMA foreign_keys = OFF"))
            yield _SqliteSteps(thread)
        finally:
            await thread.close()
    elif url.startswith(("postgres:", "postgresql:")):
        connection = await connect(url)
        try:
            yield _PostgresSteps(PostgresSession(connection, place_of(url)))
        finally:
            await connection.close()
    else:
        raise DatabaseUrlInvalid(reason="scheme")


def known_migrations(package: str = MIGRATIONS) -> list[Migration]:
    """Return the steps this version of the program has, in order.

    Raises:
        ValueError: two steps have one number, or a module is no migration.
    """
    names = migration_names(package)
    numbers = [name[:4] for name in names]
    if len(set(numbers)) != len(numbers) or not all(re.fullmatch(r"\d{4}_\w+", name) for name in names):
        message = f"migrations must be numbered once each, like 0007_name: {', '.join(names)}"
        raise ValueError(message)
    return [importlib.import_module(f"{package}.{name}").Migration(name, APP) for name in names]


async def migrate(url: str, *, package: str = MIGRATIONS, upto: str | None = None) -> list[str]:
    """Apply the steps the database lacks; several processes may try at once, and an interrupted run is continued.

    Args:
        url: the database, as for ``open_database``; an SQLite file is created.
        package: where the steps are.
        upto: the last step to apply; all by default.

    Returns:
        The names of the steps that were applied now.

    Raises:
        DatabaseNewerThanCode: a newer version of the program has been here.
        DatabaseUrlInvalid, DatabaseUnreachable, DatabaseLocked: see each.
    """
    known = known_migrations(package)
    applied_now: list[str] = []
    state = empty_state()
    async with _steps(url) as steps:
        refuse_newer(await recorded_migrations(steps.client), [step.name for step in known])
        for migration in known:
            await steps.begin()
            try:
                await steps.client.execute(_CREATE_RECORD, ())
                if migration.name in await recorded_migrations(steps.client):
                    await migration.apply(state, dry_run=True)
                else:
                    await migration.apply(state, schema_editor=editor_for(steps.client, steps.engine))
                    await steps.client.execute(
                        "INSERT INTO shimin_migration (name, applied_at) VALUES ($1, $2)",
                        (migration.name, datetime.now(UTC).isoformat()),
                    )
                    applied_now.append(migration.name)
            except BaseException:
                await steps.roll_back()
                raise
            await steps.commit()
            if migration.name == upto:
                break
    return applied_now


async def pending(url: str, *, package: str = MIGRATIONS) -> list[str]:
    """Return the names of the steps the database lacks, without changing it.

    Raises:
        DatabaseNewerThanCode: a newer version of the program has been here.
    """
    known = known_migrations(package)
    async with _steps(url) as steps:
        recorded = await recorded_migrations(steps.client)
    refuse_newer(recorded, [step.name for step in known])
    return [migration.name for migration in known if migration.name not in recorded]


async def make_migration(
    name: str, *, models: Sequence[str | ModuleType] = (), package: str = MIGRATIONS
) -> Path | None:
    """Write the step that leads from the last migration to the models as they are now.

    Args:
        name: what the step is about, such as ``payments``.
        models: modules with models (``shimin.assembly.MODELS``).
        package: where the steps are.

    Returns:
        The new file, or None when nothing has changed.
    """
    known = known_migrations(package)
    operations = await _changes(known, models)
    if not operations:
        return None
    slug = re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "step"
    number = int(known[-1].name[:4]) + 1 if known else 1
    writer = MigrationWriter(
        f"{number:04d}_{slug}",
        APP,
        operations,
        dependencies=[(APP, known[-1].name)] if known else [],
        initial=None if known else True,
        migrations_module=package,
    )
    path = writer.write()
    path.write_text(f'"""Schema step {number:04d}: {name.strip()}."""\n\n{path.read_text("utf-8")}', "utf-8")
    importlib.invalidate_caches()
    return path


async def missing_changes(*, models: Sequence[str | ModuleType], package: str = MIGRATIONS) -> list[str]:
    """Return what the models have and the migrations lack; a test keeps it empty."""
    return [operation.describe() for operation in await _changes(known_migrations(package), models)]


async def create_tables(url: str, *, models: Sequence[str | ModuleType] = ()) -> None:
    """Create the tables of these models and the layer's own in an empty database, for tests and benchmarks."""
    state = empty_state()
    new = state_of((*OWN_MODELS, *models))
    async with _steps(url) as steps:
        step = Migration("tables", APP)
        step.operations = operations_between(state, new)
        await steps.begin()
        try:
            await step.apply(state, schema_editor=editor_for(steps.client, steps.engine))
        except BaseException:
            await steps.roll_back()
            raise
        await steps.commit()


async def _changes(known: Sequence[Migration], models: Sequence[str | ModuleType]) -> list[Any]:
    state = empty_state()
    for migration in known:
        await migration.apply(state, dry_run=True)
    return operations_between(state, state_of((*OWN_MODELS, *models)))
