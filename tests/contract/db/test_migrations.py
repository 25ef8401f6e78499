"""What migrations promise: a populated database keeps its rows, on both engines, however often they are started."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from shimin.db import ConstraintBroken, Database, DatabaseNewerThanCode, open_database
from shimin.db.migrate import make_migration, migrate, missing_changes, pending
from shimin.db.postgres import open_postgres
from shimin.db.sqlite import open_sqlite
from shimin.kit.clock import SystemClock

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
BEFORE = '''
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model
from shimin.db import DocumentField, FlagField, IdField, InstantField, MoneyField

class House(Model):
    """A house of the old schema."""
    id = IdField(primary_key=True)
    street = fields.CharField(max_length=20)
    number = fields.IntField()
    built_at = InstantField(null=True)
    obsolete = IdField(null=True)
    class Meta:
        table = "mig_house"
        unique_together = (("street", "number"),)
        indexes = (Index(fields=("number",), name="mig_house_number"),)

class Resident(Model):
    """Somebody who lives there."""
    id = IdField(primary_key=True)
    house = fields.ForeignKeyField("shimin.House", related_name="residents", on_delete=fields.CASCADE)
    name = IdField(unique=True)
    class Meta:
        table = "mig_resident"
'''
AFTER = '''
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model
from shimin.db import DocumentField, FlagField, IdField, InstantField, MoneyField

class House(Model):
    """A house of the new schema."""
    id = IdField(primary_key=True)
    street = fields.CharField(max_length=20, null=True)
    number = fields.IntField()
    built_at = InstantField(null=True)
    rent_minor = MoneyField(db_default=0)
    is_open = FlagField(db_default=True)
    content = DocumentField(null=True)
    class Meta:
        table = "mig_house"
        indexes = (Index(fields=("number",), name="mig_house_number"),)

class Resident(Model):
    """Somebody who lives there."""
    id = IdField(primary_key=True)
    house = fields.ForeignKeyField("shimin.House", related_name="residents", on_delete=fields.CASCADE)
    name = IdField(unique=True)
    class Meta:
        table = "mig_resident"
        unique_together = (("house", "name"),)

class Street(Model):
    """A table that is new."""
    id = IdField(primary_key=True)
    class Meta:
        table = "mig_street"
'''
SEARCH = """
from tortoise import migrations
from shimin.db.migrate_ops import per_engine

class Migration(migrations.Migration):
    dependencies = [("shimin", "{after}")]
    operations = [
        per_engine(
            sqlite=[
                "CREATE VIRTUAL TABLE mig_search USING fts5(words, tokenize = 'unicode61')",
                "CREATE TRIGGER mig_search_fill AFTER INSERT ON mig_street BEGIN "
                "INSERT INTO mig_search (words) VALUES (new.id); INSERT INTO mig_search (words) VALUES ('x;y'); END",
            ],
            postgres=["CREATE TABLE mig_search (words TEXT, terms tsvector)"],
        )
    ]
"""
BROKEN = """
from tortoise import migrations
from shimin.db.migrate_ops import per_engine

class Migration(migrations.Migration):
    dependencies = [("shimin", "{after}")]
    operations = [
        per_engine(sqlite=["CREATE TABLE mig_half (id TEXT)"], postgres=["CREATE TABLE mig_half (id TEXT)"]),
        per_engine(sqlite=["INSERT INTO mig_none VALUES (1)"], postgres=["INSERT INTO mig_none VALUES (1)"]),
    ]
"""


class Project:
    """A folder with models and migrations, as a version of the program would have them."""

    def __init__(self, folder: Path) -> None:
        self.name = f"mig_{uuid4().hex[:8]}"
        self.folder = folder / self.name
        (self.folder / "steps").mkdir(parents=True)
        (self.folder / "__init__.py").touch()
        (self.folder / "steps" / "__init__.py").touch()
        self.steps = f"{self.name}.steps"

    def models(self, text: str) -> str:
        """Write a module of models; returns its name."""
        name = f"rows_{uuid4().hex[:8]}"
        (self.folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return f"{self.name}.{name}"

    def step(self, name: str, text: str) -> None:
        """Write a migration by hand."""
        (self.folder / "steps" / f"{name}.py").write_text(text)
        importlib.invalidate_caches()

    def remove(self, name: str) -> None:
        """Forget a migration, as an older version of the program does not have it."""
        (self.folder / "steps" / f"{name}.py").unlink()
        sys.modules.pop(f"{self.steps}.{name}", None)
        importlib.invalidate_caches()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Give an empty project that can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Project(tmp_path)
    yield made
    for name in [name for name in sys.modules if name.startswith(made.name)]:
        del sys.modules[name]


async def populate(database: Database) -> None:
    async with database.unit() as unit:
        for number in range(3):
            await unit.execute(
                "INSERT INTO mig_house (id, street, number, built_at, obsolete) VALUES ($1, $2, $3, $4, $5)",
                *(f"h{number}", "人民路", number, NOW, "gone"),
            )
            await unit.execute(
                "INSERT INTO mig_resident (id, house_id, name) VALUES ($1, $2, $3)",
                *(f"r{number}", f"h{number}", f"居民{number}"),
            )
    with pytest.raises(ConstraintBroken):
        async with database.unit() as unit:
            await unit.execute("INSERT INTO mig_house (id, street, number) VALUES ($1, $2, $3)", "h9", "人民路", 1)


async def test_a_populated_database_is_migrated_with_its_rows(empty_url: str, project: Project) -> None:
    before, after = project.models(BEFORE), project.models(AFTER)
    first = await make_migration("houses", models=[before], package=project.steps)
    assert first is not None
    assert first.name == "0001_houses.py"
    assert await migrate(empty_url, package=project.steps) == ["0001_houses"]
    database = await _open(empty_url)
    await populate(database)
    await database.close()

    second = await make_migration("Rents & streets", models=[after], package=project.steps)
    assert second is not None
    assert second.stem == "0002_rents_streets"
    assert await pending(empty_url, package=project.steps) == ["0002_rents_streets"]
    assert await migrate(empty_url, package=project.steps) == ["0002_rents_streets"]
    assert await pending(empty_url, package=project.steps) == []
    assert await missing_changes(models=[after], package=project.steps) == []

    database = await _open(empty_url)
    async with database.unit() as unit:
        houses = await unit.fetch("SELECT id, street, number, built_at, rent_minor, is_open FROM mig_house ORDER BY id")
        assert houses[1] == {
            "id": "h1",
            "street": "人民路",
            "number": 1,
            "built_at": NOW,
            "rent_minor": 0,
            "is_open": True,
        }
        assert [row["id"] for row in await unit.fetch("SELECT id FROM mig_resident ORDER BY id")] == ["r0", "r1", "r2"]
        await unit.execute("INSERT INTO mig_house (id, street, number) VALUES ($1, $2, $3)", "h9", "人民路", 1)
        await unit.execute("INSERT INTO mig_house (id, number) VALUES ($1, $2)", "h10", 1)
        for statement in (
            "INSERT INTO mig_resident (id, house_id, name) VALUES ('r9', 'h0', '居民0')",
            "INSERT INTO mig_resident (id, house_id, name) VALUES ('r9', 'h404', '新')",
        ):
            with pytest.raises(ConstraintBroken):
                async with unit.savepoint():
                    await unit.execute(statement)
        assert await unit.execute("DELETE FROM mig_house WHERE id = 'h0'") == 1
        assert await unit.fetch_value("SELECT count(*) FROM mig_resident") == 2
        indexes = (
            "SELECT name FROM sqlite_master" if database.engine == "sqlite" else "SELECT indexname FROM pg_indexes"
        )
        assert "mig_house_number" in {next(iter(row.values())) for row in await unit.fetch(indexes)}
    await database.close()


async def test_models_without_a_change_make_no_migration(project: Project) -> None:
    models = project.models(BEFORE)
    assert await missing_changes(models=[models], package=project.steps) != []
    assert await make_migration("houses", models=[models], package=project.steps)
    reworded = project.models(BEFORE.replace("A house of the old schema", "Another sentence about it"))
    assert await make_migration("nothing", models=[reworded], package=project.steps) is None


async def test_migrating_twice_or_at_the_same_time_applies_each_step_once(empty_url: str, project: Project) -> None:
    await make_migration("houses", models=[project.models(BEFORE)], package=project.steps)
    await make_migration("rents", models=[project.models(AFTER)], package=project.steps)
    done = await asyncio.gather(*(migrate(empty_url, package=project.steps) for _ in range(4)))
    assert sorted(name for names in done for name in names) == ["0001_houses", "0002_rents"]
    assert await migrate(empty_url, package=project.steps) == []


async def test_a_step_that_fails_leaves_nothing_and_is_done_when_mended(empty_url: str, project: Project) -> None:
    await make_migration("houses", models=[project.models(BEFORE)], package=project.steps)
    project.step("0002_half", BROKEN.format(after="0001_houses"))
    with pytest.raises(Exception, match="mig_none"):
        await migrate(empty_url, package=project.steps)
    assert await pending(empty_url, package=project.steps) == ["0002_half"]
    project.remove("0002_half")
    project.step("0002_half", BROKEN.format(after="0001_houses").replace("INSERT INTO mig_none VALUES (1)", "SELECT 1"))
    assert await migrate(empty_url, package=project.steps) == ["0002_half"]
    database = await _open(empty_url)
    async with database.reader() as reader:
        assert await reader.fetch("SELECT * FROM mig_half") == []
    await database.close()


async def test_each_engine_gets_its_own_statements(empty_url: str, project: Project) -> None:
    await make_migration("houses", models=[project.models(AFTER)], package=project.steps)
    project.step("0002_search", SEARCH.format(after="0001_houses"))
    await migrate(empty_url, package=project.steps)
    database = await _open(empty_url)
    async with database.unit() as unit:
        await unit.execute("INSERT INTO mig_street (id) VALUES ($1)", "人民路")
        if database.engine == "sqlite":
            found = await unit.fetch("SELECT words FROM mig_search WHERE mig_search MATCH $1", "人民路")
            assert found == [{"words": "人民路"}]
        else:
            assert await unit.fetch("SELECT terms FROM mig_search") == []
    await database.close()


async def test_a_database_of_a_newer_program_is_refused(empty_url: str, project: Project) -> None:
    await make_migration("houses", models=[project.models(BEFORE)], package=project.steps)
    await make_migration("rents", models=[project.models(AFTER)], package=project.steps)
    await migrate(empty_url, package=project.steps)
    project.remove("0002_rents")
    for attempt in (migrate(empty_url, package=project.steps), pending(empty_url, package=project.steps)):
        with pytest.raises(DatabaseNewerThanCode) as caught:
            await attempt
        assert caught.value.migration == "0002_rents"
    with pytest.raises(DatabaseNewerThanCode):
        await open_database(empty_url)  # the platform itself knows none of these steps


async def test_steps_may_be_applied_up_to_one(empty_url: str, project: Project) -> None:
    await make_migration("houses", models=[project.models(BEFORE)], package=project.steps)
    await make_migration("rents", models=[project.models(AFTER)], package=project.steps)
    assert await migrate(empty_url, package=project.steps, upto="0001_houses") == ["0001_houses"]
    assert await migrate(empty_url, package=project.steps) == ["0002_rents"]


async def test_two_steps_of_one_number_are_refused(project: Project, tmp_path: Path) -> None:
    project.step("0001_one", BROKEN.format(after="x"))
    project.step("0001_two", BROKEN.format(after="x"))
    with pytest.raises(ValueError, match="numbered once"):
        await migrate(f"sqlite:///{tmp_path / 'x.db'}", package=project.steps)


async def _open(url: str) -> Database:
    """Open a database of a test project, whose steps the platform does not know."""
    clock = SystemClock()
    if url.startswith("sqlite:"):
        return await open_sqlite(url, readers=1, clock=clock)
    return await open_postgres(url, pool_size=2, readers=1, clock=clock)
