"""Searching guides: some three hundred queries of every kind over the published guides, on both engines."""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson

from shimin.assembly import MODELS
from shimin.catalogue import (
    CountGuides,
    Filters,
    SearchGuides,
    count_guides,
    import_guides,
    search_guides,
)
from shimin.config import Settings
from shimin.db import Database, migrate, open_database
from shimin.demo.guides import open_sample
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.clock import SystemClock
from shimin_graphql.context import Context
from shimin_graphql.edge import make_edge
from shimin_graphql.engine.reply import dump

if TYPE_CHECKING:
    from shimin.assembly import Platform

REAL = Path(os.environ.get("SHIMIN_TEST_GUIDES") or Path(__file__).parents[3] / "shared/data/guides/guangdong.jsonl")
HAS_REAL = REAL.is_file()
ROUNDS = 3
CALLS = (Call(actor=ANONYMOUS), Call(actor=ANONYMOUS, locale="en"))
COMMON = (
    "社保",
    "护照",
    "公证",
    "申请",
    "广东省",
    "登记",
    "驾驶证",
    "医保",
    "税",
    "证",
    "怎么办理护照",
    "how to get a passport",
)


def run() -> Iterable[dict[str, Any]]:
    """Yield the time of an import, a search and its facets per engine; processor time tells a busy machine apart."""
    for engine in ("sqlite", "postgres"):
        yield from asyncio.run(measure(engine))


async def measure(engine: str) -> list[dict[str, Any]]:
    """Measure one engine."""
    async with opened(engine) as database:
        started = time.perf_counter()
        guides = await fill(database)
        import_s = time.perf_counter() - started
        asked = queries()
        searches: list[float] = []
        counts: list[float] = []
        work: list[float] = []
        async with database.reader() as reader:
            await search_guides(CALLS[0], SearchGuides("登记"), reader=reader)
        for round_ in range(ROUNDS):
            for number, text in enumerate(asked):
                call = CALLS[number % 2]
                filters = Filters(groups=("自然人",)) if (number + round_) % 4 == 0 else Filters()
                started, busy = time.perf_counter(), time.process_time()
                async with database.reader() as reader:
                    page = await search_guides(call, SearchGuides(text, filters), reader=reader)
                searches.append((time.perf_counter() - started) * 1000)
                work.append((time.process_time() - busy) * 1000)
                started = time.perf_counter()
                async with database.reader() as reader:
                    await count_guides(call, CountGuides(filters, text, page.matching), reader=reader)
                counts.append((time.perf_counter() - started) * 1000)
        documents = await measure_document(database, asked)
    load = round(os.getloadavg()[0], 1)
    about = {"engine": engine, "guides": guides, "queries": len(asked), "rounds": ROUNDS, "machine_load": load}
    return [
        {"measure": "import_s", "value": round(import_s, 2), **about},
        {"measure": "search_ms", **spread(searches), **about},
        {"measure": "search_processor_ms", **spread(work), **about},
        {"measure": "facets_ms", **spread(counts), **about},
        {"measure": "document_ms", **spread(documents), **about},
    ]


async def measure_document(database: Database, asked: Sequence[str]) -> list[float]:
    """Return the time of the phone's whole document (search, facets, highlights, JSON) for each query."""
    edge = make_edge(Settings())
    text = (resources.files("shimin_graphql") / "operations" / "search_guides.graphql").read_text("utf-8")
    document = edge.documents.compile(text)
    platform = cast("Platform", SimpleNamespace(db=database))
    times = []
    for number, query in enumerate(asked):
        started = time.perf_counter()
        variables = {"query": query, "first": 10}
        answer = await edge.engine.run(document, variables, Context(CALLS[number % 2], platform))
        dump(answer)
        times.append((time.perf_counter() - started) * 1000)
        if "errors" in answer:
            raise RuntimeError(answer["errors"][0]["message"])
    return times


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return the median, 95th percentile and maximum."""
    quantiles = statistics.quantiles(times, n=20)
    return {"p50": round(quantiles[9], 2), "p95": round(quantiles[18], 2), "max": round(max(times), 2)}


async def fill(database: Database) -> int:
    """Import the sample city's guides and, where they are at hand, the published ones; return how many there are."""
    with open_sample() as file:
        total = (await import_guides(system_call(), file, db=database, clock=SystemClock())).added
    if HAS_REAL:
        with REAL.open("rb") as file:  # noqa: ASYNC230 - nothing else runs
            total += (await import_guides(system_call(), file, db=database, clock=SystemClock())).added
    return total


def queries() -> list[str]:
    """Return the queries: parts of titles of one to eight characters, English words, mixtures, and what many ask."""
    choose = random.Random(20261123)  # noqa: S311 - the same queries each time
    with open_sample() as file:
        sample = [orjson.loads(line) for line in file]
    guides = sample
    if HAS_REAL:
        guides = sample + [orjson.loads(line) for line in REAL.read_bytes().splitlines()]
    chinese = [guide["TASK_NAME"] for guide in guides]
    english = sorted({word for guide in sample for word in guide["en"]["TASK_NAME"].split() if len(word) > 2})
    asked = list(COMMON)
    for length, times in ((1, 15), (2, 120), (3, 40), (4, 40), (8, 20)):
        for _ in range(times):
            title = choose.choice([title for title in chinese if len(title) >= length])
            start = choose.randrange(len(title) - length + 1)
            asked.append(title[start : start + length])
    asked += choose.sample(english, 30)
    asked += [f"{choose.choice(chinese)[:2]} {choose.choice(english)}" for _ in range(25)]
    return [text for text in asked if any(char.isalnum() for char in text)]


@asynccontextmanager
async def opened(engine: str) -> AsyncIterator[Database]:
    """Give a fresh, migrated database of the engine."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            async with _migrated(f"sqlite:///{folder}/shimin.db") as database:
                yield database
        return
    server = os.environ["SHIMIN_TEST_POSTGRES_URL"]
    name = f"bench_search_{os.getpid()}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        async with _migrated(urlunsplit(urlsplit(server)._replace(path=f"/{name}"))) as database:
            yield database
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def _migrated(url: str) -> AsyncIterator[Database]:
    await migrate(url)
    database = await open_database(url, models=MODELS)
    try:
        yield database
    finally:
        await database.close()
