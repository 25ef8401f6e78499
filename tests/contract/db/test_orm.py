"""The ORM inside a unit: exactly that connection, in any task."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

import pytest

from shimin.db import ConstraintBroken, Database

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


async def test_models_are_made_found_changed_and_removed_through_the_unit(db: Database, thing: Any) -> None:
    async with db.unit() as unit:
        made = await thing.create(
            id="a", owner_id="ctz_a", made_at=NOW, content={"名": [1, None]}, amount_minor=5, using_db=unit.orm
        )
        made.amount_minor = 6
        await made.save(using_db=unit.orm)
        await thing.bulk_create(
            [thing(id=f"b{number}", owner_id="ctz_b", made_at=NOW) for number in range(3)], using_db=unit.orm
        )
        assert await thing.filter(id__startswith="b").using_db(unit.orm).count() == 3
        assert await thing.filter(owner_id="ctz_b").using_db(unit.orm).update(is_open=False) == 3
        assert await thing.filter(id="b2").using_db(unit.orm).delete() == 1
    async with db.reader() as reader:
        found = await thing.get(id="a", using_db=reader.orm)
        assert (found.content, found.made_at, found.is_open, found.amount_minor) == ({"名": [1, None]}, NOW, True, 6)
        rest = await thing.filter(is_open=False, made_at__lte=NOW).order_by("-id").using_db(reader.orm)
        assert [row.id for row in rest] == ["b1", "b0"]
        assert await thing.filter(id__in=["a", "b0"]).using_db(reader.orm).order_by("id").values_list("id", flat=True)


async def test_a_rolled_back_unit_takes_its_models_with_it(db: Database, thing: Any) -> None:
    with pytest.raises(ConstraintBroken):
        async with db.unit() as unit:
            await thing.create(id="a", owner_id="ctz_a", made_at=NOW, using_db=unit.orm)
            await thing.create(id="a", owner_id="ctz_a", made_at=NOW, using_db=unit.orm)
    async with db.reader() as reader:
        assert await thing.all().using_db(reader.orm).count() == 0


async def test_a_query_without_a_connection_is_a_bug(db: Database, thing: Any) -> None:
    async with db.unit():
        with pytest.raises(AssertionError, match="using_db"):
            await thing.all()
        with pytest.raises(AssertionError, match="using_db"):
            await thing.create(id="a", owner_id="ctz_a", made_at=NOW)


async def test_the_orm_works_in_tasks_that_know_nothing_of_the_one_that_opened_the_database(
    db: Database, thing: Any
) -> None:
    async def serve() -> None:
        async with db.unit() as unit:
            await thing.create(id="a", owner_id="ctz_a", made_at=NOW, using_db=unit.orm)

    await asyncio.create_task(serve(), context=Context())
    async with db.reader() as reader:
        assert await thing.exists(id="a", using_db=reader.orm)


async def test_locking_rows_is_understood_on_both_engines(db: Database, thing: Any) -> None:
    async with db.unit() as unit:
        await thing.create(id="a", owner_id="ctz_a", made_at=NOW, using_db=unit.orm)
        assert (await thing.filter(id="a").select_for_update().using_db(unit.orm).first()).id == "a"
        assert await unit.fetch("SELECT id FROM test_thing FOR UPDATE SKIP LOCKED")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("made_at", datetime(2026, 1, 1)),  # noqa: DTZ001 - what is refused
        ("made_at", "2026-01-01"),
        ("amount_minor", 1.5),
        ("amount_minor", True),
        ("content", 5),
        ("content", {"large": "x" * 1_100_000}),
    ],
)
async def test_a_field_refuses_what_it_cannot_keep(db: Database, thing: Any, field: str, value: object) -> None:
    values = {"id": "a", "owner_id": "ctz_a", "made_at": NOW, field: value}
    async with db.unit() as unit:
        with pytest.raises((ValueError, TypeError)):
            await thing.create(**values, using_db=unit.orm)
