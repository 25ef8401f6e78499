"""What all tests share: real servers, a fresh migrated database on each engine, a clock that stands still."""

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from servers import POSTGRES_VARIABLE, REDIS_VARIABLE, ServerMissing, postgres, quick_folder, redis
from shimin.assembly import MODELS
from shimin.db import Database, migrate, open_database
from shimin.kit.clock import FixedClock

ENGINES = ("sqlite", "postgres")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Noon in the demonstration city, on a Monday."""
_databases = count(1)

settings.register_profile(
    "house",
    deadline=None,  # a busy machine is not a bug; tests that promise a time measure it themselves
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")


def pytest_configure() -> None:
    """Let pytest put the folders of tests where writing is quick."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick_folder()))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the loop the platform runs on."""
    return "asyncio"


# ----------------------------------------------------------------------------------------------------- servers
@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give a real PostgreSQL: the one named in the environment, or one started for this run."""
    yield from _server(postgres, POSTGRES_VARIABLE)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Give a real Redis: the one named in the environment, or one started for this run.

    Each of several processes that test side by side has its own, since tests empty it.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.pop(REDIS_VARIABLE, None)
    yield from _server(redis, REDIS_VARIABLE)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Give an empty Redis database."""
    place = urlsplit(redis_server)
    with socket.create_connection((place.hostname, place.port), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(16).startswith(b"+OK")
    return redis_server


def _server(start: Callable[[], contextlib.AbstractContextManager[str]], variable: str) -> Iterator[str]:
    """Keep a server running for the session; one that cannot be had fails the tests that need it."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(start())
        except ServerMissing as missing:
            pytest.fail(str(missing), pytrace=False)
        before = os.environ.get(variable)
        os.environ[variable] = url
        yield url
        if before is None:
            del os.environ[variable]


# ---------------------------------------------------------------------------------------------------- databases
@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Run the test once on each database engine."""
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, to be copied for each test."""
    path = tmp_path_factory.mktemp("template") / "shimin.db"
    _prepare(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Migrate one PostgreSQL database, to be copied for each test."""
    name = f"template_{os.getpid()}"
    asyncio.run(_administer(postgres_url, f"CREATE DATABASE {name}"))
    _prepare(_with_database(postgres_url, name))
    return name


@pytest.fixture
def new_database(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Give what makes fresh, migrated databases of the engine; each call returns the address of another one."""
    if engine == "sqlite":
        source: Path = request.getfixturevalue("sqlite_template")
        yield lambda: f"sqlite:///{shutil.copyfile(source, tmp_path / f'shimin_{next(_databases)}.db')}"
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{os.getpid()}_{next(_databases)}")
        asyncio.run(_administer(server, f"CREATE DATABASE {made[-1]} TEMPLATE {template}"))
        return _with_database(server, made[-1])

    yield make
    for name in made:
        asyncio.run(_administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """Give the address of a fresh, migrated database of the engine."""
    return new_database()


@pytest.fixture
async def db(database_url: str, models: tuple[str, ...], frozen_clock: FixedClock) -> AsyncIterator[Database]:
    """Give a fresh, migrated database, opened; the test runs on SQLite and on PostgreSQL."""
    database = await open_database(database_url, models=models, pool_size=5, clock=frozen_clock)
    yield database
    await database.close()


@pytest.fixture
def frozen_clock() -> FixedClock:
    """Give a clock that stands at noon until told otherwise."""
    return FixedClock(NOON)


@pytest.fixture(scope="session")
def models() -> tuple[str, ...]:
    """Name the modules with the platform's tables."""
    return MODELS


def _prepare(url: str) -> None:
    """Bring an empty database to the platform's schema, by the same steps as in production."""
    asyncio.run(migrate(url))


async def _administer(url: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


# ------------------------------------------------------------------------------------------------ what was proven
_passed: Counter[str] = Counter()
_ENGINE_PROPERTY = "engine"
_SANDBOX = "sandbox"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note on each test the engine it runs on, and which tests stay in one process when several run side by side.

    Tests of a file share what it prepares; those of the sandbox share what takes longest to build, and come first.
    """
    items.sort(key=lambda item: _group(item) != _SANDBOX)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        callspec = getattr(item, "callspec", None)
        engine_name = callspec.params.get("engine") if callspec else None
        if engine_name in ENGINES:
            item.user_properties.append((_ENGINE_PROPERTY, engine_name))


def _group(item: pytest.Item) -> str:
    return _SANDBOX if _SANDBOX in item.path.parts else str(item.path)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passed, by engine."""
    if report.when == "call" and report.passed:
        _passed[str(dict(report.user_properties).get(_ENGINE_PROPERTY, "none"))] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was proven on each engine."""
    terminalreporter.write_line(
        f"passed on SQLite: {_passed['sqlite']} · passed on PostgreSQL: {_passed['postgres']}"
        f" · passed without a database: {_passed['none']}"
    )
