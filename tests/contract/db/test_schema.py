"""The platform's own schema: migrations and models agree, and each step keeps the rows it finds."""

from datetime import UTC, datetime
from typing import Any

from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from shimin.assembly import MODELS
from shimin.db import Database, FlagField, InstantField, Unit, missing_changes, open_database
from shimin.db.migrate import known_migrations, migrate
from shimin.db.orm import APP
from shimin.db.schema import empty_state
from shimin.kit.clock import SystemClock

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ROWS = 3


async def test_the_migrations_hold_all_that_the_models_have() -> None:
    assert await missing_changes(models=MODELS) == []


async def test_every_step_keeps_the_rows_of_a_populated_database(empty_url: str) -> None:
    """Before each step every table gets rows; after it they are all there, column by column."""
    state = empty_state()
    kept: dict[str, list[dict[str, Any]]] = {}
    for step in known_migrations():
        assert await migrate(empty_url, upto=step.name) == [step.name]
        await step.apply(state, dry_run=True)
        models = dict(state.apps.apps[APP])
        database = await open_database_at(empty_url)
        try:
            async with database.reader() as reader:
                for table, rows in kept.items():
                    found = await reader.fetch(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own schema
                    assert len(found) >= len(rows), f"{step.name} lost rows of {table}"
                    for before in rows:
                        same = [
                            row for row in found if all(row.get(name, value) == value for name, value in before.items())
                        ]
                        assert same, f"{step.name} changed a row of {table}"
            async with database.unit() as unit:
                kept = await populate(unit, models, step.name)
        finally:
            await database.close()
    assert sum(len(rows) for rows in kept.values()) >= ROWS * len(MODELS)


async def open_database_at(url: str) -> Database:
    """Open the database between two steps."""
    return await open_database(url, clock=SystemClock())


async def populate(unit: Unit, models: dict[str, type[Model]], mark: str) -> dict[str, list[dict[str, Any]]]:
    """Put rows into every table, parents first; return all rows by table."""
    waiting = dict(models)
    ids: dict[str, list[object]] = {}
    while waiting:
        ready = [
            name
            for name, model in waiting.items()
            if not any(parent in waiting and parent != name for parent in parents(model).values())
        ]
        assert ready, "tables refer to each other in a circle"
        for name in ready:
            model = waiting.pop(name)
            ids[name] = [await insert(unit, model, ids, f"{mark}-{number}", number) for number in range(ROWS)]
    kept = {}
    for model in models.values():
        table = model._meta.db_table
        kept[table] = [dict(row) for row in await unit.fetch(f'SELECT * FROM "{table}"')]  # noqa: S608
    return kept


def parents(model: type[Model]) -> dict[str, str]:
    """Return the parent model of each foreign key's column."""
    found = {}
    for name in model._meta.fk_fields:
        field = model._meta.fields_map[name]
        assert isinstance(field, ForeignKeyFieldInstance)
        found[field.source_field or f"{name}_id"] = str(field.model_name).rpartition(".")[2]
    return found


async def insert(unit: Unit, model: type[Model], ids: dict[str, list[object]], mark: str, number: int) -> object:
    """Put one row into a table, every column filled; returns its key."""
    refers = parents(model)
    values: dict[str, object] = {}
    for name, column in model._meta.fields_db_projection.items():
        field = model._meta.fields_map[name]
        if field.generated:
            continue
        if column in refers:
            values[column] = ids[refers[column]][number]
        elif isinstance(field, InstantField):
            values[column] = NOW
        elif isinstance(field, FlagField) or field.field_type is bool:
            values[column] = True
        elif field.field_type is int:
            values[column] = abs(hash(mark)) % 10**6 + number if field.unique or field.pk else number
        elif field.field_type is object:
            values[column] = "{}"
        else:
            values[column] = f"{column}-{mark}"[-getattr(field, "max_length", 100) :]
    columns = ", ".join(f'"{column}"' for column in values)
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    sql = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places}) RETURNING *'  # noqa: S608
    row = await unit.fetch_one(sql, *values.values())
    assert row is not None
    return row[model._meta.db_pk_column]
