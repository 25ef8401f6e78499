"""A database of this layer's own test tables, fresh for each test, on both engines."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from tortoise.models import Model

from shimin.db import (
    Database,
    DocumentField,
    FlagField,
    IdField,
    InstantField,
    MoneyField,
    create_tables,
    open_database,
)
from shimin.kit.clock import FixedClock

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


class Thing(Model):
    """One row of every kind of column."""

    id = IdField(primary_key=True)
    owner_id = IdField(db_index=True)
    department_id = IdField(default="hrss.linhai")
    made_at = InstantField()
    seen_at = InstantField(null=True)
    content = DocumentField(null=True)
    is_open = FlagField(default=True)
    amount_minor = MoneyField(default=0)

    class Meta:
        """Names the table."""

        table = "test_thing"


MODELS = ModuleType("shimin_test_models")
MODELS.__dict__["Thing"] = Thing


def postgres_url(database: str) -> str:
    """Return the address of a database on the test server."""
    parts = urlsplit(os.environ["SHIMIN_TEST_POSTGRES_URL"])
    return urlunsplit(parts._replace(path=f"/{database}"))


async def on_server(statement: str) -> None:
    """Run a statement such as CREATE DATABASE on the test server."""
    connection = await asyncpg.connect(os.environ["SHIMIN_TEST_POSTGRES_URL"])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the test tables once in a file that tests copy."""
    path = tmp_path_factory.mktemp("db") / "template.db"
    asyncio.run(create_tables(f"sqlite:///{path}", models=[MODELS]))
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """Make the test tables once in a database that tests copy."""
    name = f"shimin_template_{uuid4().hex[:8]}"

    async def make() -> None:
        await on_server(f"CREATE DATABASE {name}")
        await create_tables(postgres_url(name), models=[MODELS])

    asyncio.run(make())
    yield name
    asyncio.run(on_server(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def empty_postgres() -> AsyncIterator[str]:
    """Address an empty database on the test server."""
    name = f"shimin_test_{uuid4().hex[:8]}"
    await on_server(f"CREATE DATABASE {name}")
    yield postgres_url(name)
    await on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Address a fresh file with the test tables."""
    path = tmp_path / "test.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_test_url(postgres_template: str) -> AsyncIterator[str]:
    """Address a fresh database with the test tables."""
    name = f"shimin_test_{uuid4().hex[:8]}"
    await on_server(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_url(name)
    await on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Address a fresh database with the test tables, on each engine."""
    address: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_test_url")
    return address


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address an empty database, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    address: str = request.getfixturevalue("empty_postgres")
    return address


@pytest.fixture
def clock() -> FixedClock:
    """Stand still at the test's present."""
    return FixedClock(NOW)


@pytest.fixture
async def db(url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Open a fresh database with the test tables, on each engine."""
    database = await open_database(url, models=[MODELS], clock=clock)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(sqlite_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Open a fresh embedded database."""
    database = await open_database(sqlite_url, models=[MODELS], clock=clock)
    yield database
    await database.close()


@pytest.fixture
async def postgres(postgres_test_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Open a fresh database on the test server."""
    database = await open_database(postgres_test_url, models=[MODELS], clock=clock, pool_size=4, readers=2)
    yield database
    await database.close()


@pytest.fixture
def thing() -> type[Model]:
    """Return the model of the test table."""
    return Thing


@pytest.fixture
def on_postgres_server() -> Callable[..., object]:
    """Return the function that runs a statement on the test server."""
    return on_server
