"""A database with test tables of this layer's own, fresh for each test, on both engines."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
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


class Server:
    """The test server, on which databases come and go."""

    def __init__(self, url: str) -> None:
        self._url = url

    def address(self, database: str) -> str:
        """Return the address of a database."""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    async def administer(self, statement: str) -> None:
        """Run a statement such as CREATE DATABASE."""
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database, give its address, drop it."""
        name = f"shimin_db_{uuid4().hex[:8]}"
        asyncio.run(self.administer(f"CREATE DATABASE {name} TEMPLATE {template}"))
        yield self.address(name)
        asyncio.run(self.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
def server(postgres_url: str) -> Server:
    """Give the test server."""
    return Server(postgres_url)


@pytest.fixture(scope="session")
def things_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the test tables once, in a file that tests copy."""
    path = tmp_path_factory.mktemp("db") / "template.db"
    asyncio.run(create_tables(f"sqlite:///{path}", models=[MODELS]))
    return path


@pytest.fixture(scope="session")
def things_database(postgres_url: str) -> Iterator[str]:
    """Make the test tables once, in a database that tests copy."""
    for address in Server(postgres_url).database():
        asyncio.run(create_tables(address, models=[MODELS]))
        yield urlsplit(address).path.lstrip("/")


@pytest.fixture
def sqlite_url(things_file: Path, tmp_path: Path) -> str:
    """Address a fresh file with the test tables."""
    path = tmp_path / "test.db"
    shutil.copyfile(things_file, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def shared_database(things_database: str, postgres_url: str) -> Iterator[str]:
    """Make one database that tests share one after another: making and dropping one costs half a second."""
    yield from Server(postgres_url).database(things_database)


@pytest.fixture
def server_url(shared_database: str) -> str:
    """Address a database on the server whose test tables are empty."""
    asyncio.run(Server(shared_database).administer("TRUNCATE test_thing, outbox RESTART IDENTITY"))
    return shared_database


@pytest.fixture
def own_server_url(things_database: str, server: Server) -> Iterator[str]:
    """Address a database on the server that this test alone uses and may change."""
    yield from server.database(things_database)


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest) -> str:
    """Address a fresh database with the test tables, on each engine."""
    address: str = request.getfixturevalue("sqlite_url" if engine == "sqlite" else "server_url")
    return address


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address an empty database, on each engine."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("server")
    yield from server.database()


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
async def postgres(server_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Open a fresh database on the test server."""
    database = await open_database(server_url, models=[MODELS], clock=clock, pool_size=4, readers=2)
    yield database
    await database.close()


@pytest.fixture
def thing() -> type[Model]:
    """Return the model of the test table."""
    return Thing
