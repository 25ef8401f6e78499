"""What the tests of the catalogue share: lines of files, and a database with the sample city's guides in it."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import orjson
import pytest

from shimin.catalogue import ImportReport, Problem, import_guides
from shimin.db import Database, open_database
from shimin.demo.guides import open_sample
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.clock import FixedClock, SystemClock

LINE = {
    "TASK_CODE": "11990100LH00000112209900010000A",
    "TASK_NAME": "渔船捕捞许可证换发",
    "TASK_TYPE_TEXT": "行政许可",
    "DEPT_NAME": " 海东县农业农村局",
    "AREACODE": "990102",
    "AREA_CODE_TEXT": "临海市海东区",
    "theme_category": ["其他"],
    "service_object_name": ["自然人", "企业法人"],
    "matter_short": "无",
    "matter_daily": "换渔证,渔船证",
    "visit_number": "0",
    "handle_location": "办理地点：海东区渔港路4号２楼",
    "handle_time": "20(工作日)",
    "handle_time_limit": "７（工作日）",
    "accept_standard": "持有有效捕捞许可证，\u3000船舶检验合格。",
    "consult_phone": "0500-5550301；0500-5550302",
    "complain_phone": "无",
    "courier_service": "是",
    "bear_paltform": "临海市民服务平台",
    "online_book": "是",
    "online_book_addr": "https://yuyue.linhai.example/fish",
    "material_intro": ["渔船检验证书", "无", "申请表"],
    "URL": "https://zwfw.linhai.example/guide/1",
}
"""A line in the shape of the published ones; its content is invented."""


Import = Callable[..., Awaitable[tuple[ImportReport, list[Problem]]]]


@pytest.fixture(scope="session")
def line_of() -> Callable[..., bytes]:
    """Give what makes a line with some fields changed; ``...`` leaves a field out."""

    def make(**changes: object) -> bytes:
        values = {**LINE, **changes}
        return orjson.dumps({key: value for key, value in values.items() if value is not ...})

    return make


@pytest.fixture
def import_lines(db: Database, frozen_clock: FixedClock) -> Import:
    """Give what imports lines as a file and returns the report and every problem."""

    async def run(*lines: bytes) -> tuple[ImportReport, list[Problem]]:
        problems: list[Problem] = []
        file = io.BytesIO(b"\n".join(lines) + b"\n")
        report = await import_guides(system_call(), file, db=db, clock=frozen_clock, on_problem=problems.append)
        return report, problems

    return run


@pytest.fixture
def anyone() -> Call:
    """Give the call of somebody who has not signed in and reads Chinese."""
    return Call(actor=ANONYMOUS)


@pytest.fixture
def english() -> Call:
    """Give the call of somebody who has not signed in and reads English."""
    return Call(actor=ANONYMOUS, locale="en")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    """Run all tests of a module on one engine, then on the other, so that they can share a city."""
    return str(request.param)


@pytest.fixture(scope="module")
def city_url(
    engine: str, request: pytest.FixtureRequest, models: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give the address of a database that holds the sample city's guides; tests only read it."""
    if engine == "sqlite":
        path = tmp_path_factory.mktemp("city") / "shimin.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
        asyncio.run(_import_city(url, models))
        yield url
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"city_{uuid4().hex}"
    asyncio.run(_administer(server, f"CREATE DATABASE {name} TEMPLATE {template}"))
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    asyncio.run(_import_city(url, models))
    yield url
    asyncio.run(_administer(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def city(city_url: str, models: tuple[str, ...]) -> AsyncIterator[Database]:
    """Give the sample city's catalogue, opened."""
    database = await open_database(city_url, models=models, pool_size=1, readers=1)
    yield database
    await database.close()


async def _import_city(url: str, models: tuple[str, ...]) -> None:
    database = await open_database(url, models=models)
    with open_sample() as file:
        await import_guides(system_call(), file, db=database, clock=SystemClock())
    await database.close()


async def _administer(url: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
