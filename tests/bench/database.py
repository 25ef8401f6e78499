"""The database layer: units per second alone and together, reads beside a writer, facts per second, on both engines."""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shimin.db import Database, Relay, RelayLimits, create_tables, open_database, open_facts
from shimin.kit.clock import SystemClock
from shimin.kit.fact import Fact

ROUNDS = 5
UNITS_ALONE = 200
UNITS_TOGETHER = 1500
TOGETHER = 64
FACTS = 1500
READS = 400


@dataclass(frozen=True, kw_only=True)
class Measured(Fact):
    """A fact of nothing, to be delivered."""

    name: ClassVar[str] = "bench.measured"
    number: int

    @property
    def key(self) -> str:
        """A key of its own, as most facts have."""
        return f"key-{self.number}"


def run() -> Iterable[dict[str, Any]]:
    """Yield one line per figure and engine: median of the rounds with the range."""
    for engine in ("sqlite", "postgres"):
        yield from asyncio.run(measure(engine))


async def measure(engine: str) -> list[dict[str, Any]]:
    """Measure one engine in rounds that alternate the kinds, so that a busy machine touches all alike."""
    samples: dict[str, list[float]] = {}
    facts: dict[str, Any] = {}
    async with opened(engine) as database:
        async with database.unit() as unit:
            await unit.execute("CREATE TABLE bench_row (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
            for number in range(1000):
                await unit.execute("INSERT INTO bench_row (id, n) VALUES ($1, 0)", number)
        for _ in range(ROUNDS):
            for name, value in (
                ("units_alone_per_s", await units(database, UNITS_ALONE, 1)),
                ("units_together_per_s", await units(database, UNITS_TOGETHER, TOGETHER)),
                *(await reads(database)).items(),
                ("facts_per_s", await relayed(database)),
            ):
                samples.setdefault(name, []).append(value)
        facts["durability"] = dict(await database.durability())
    lines = [
        {
            "engine": engine,
            "measure": name,
            "median": round(statistics.median(values), 3),
            "lowest": round(min(values), 3),
            "highest": round(max(values), 3),
            "rounds": ROUNDS,
            **facts,
        }
        for name, values in samples.items()
    ]
    gain = statistics.median(samples["units_together_per_s"]) / statistics.median(samples["units_alone_per_s"])
    return [*lines, {"engine": engine, "measure": "together_over_alone", "median": round(gain, 2), **facts}]


async def units(database: Database, count: int, together: int) -> float:
    """Return small writing units per second, ``together`` at a time, each waiting for its own commit."""
    remaining = iter(range(count))

    async def work() -> None:
        for number in remaining:
            async with database.unit(timeout_s=60) as unit:
                await unit.execute("UPDATE bench_row SET n = n + 1 WHERE id = $1", number % 1000)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(together)))
    return count / (time.perf_counter() - started)


async def reads(database: Database) -> dict[str, float]:
    """Return the median and 95th percentile of one small read in milliseconds, alone and beside a busy writer."""
    figures: dict[str, float] = {}
    for name in ("read_ms", "read_beside_writer_ms"):
        stop = asyncio.Event()

        async def write(stop: asyncio.Event = stop) -> None:
            while not stop.is_set():
                await units(database, 20, 2)

        writing = asyncio.create_task(write()) if name == "read_beside_writer_ms" else None
        times = []
        for number in range(READS):
            started = time.perf_counter()
            async with database.reader() as reader:
                await reader.fetch_one("SELECT n FROM bench_row WHERE id = $1", number % 1000)
            times.append((time.perf_counter() - started) * 1000)
        stop.set()
        if writing is not None:
            await writing
        quantiles = statistics.quantiles(times, n=20)
        figures |= {f"{name}_p50": quantiles[9], f"{name}_p95": quantiles[18]}
    return figures


async def relayed(database: Database) -> float:
    """Return facts per second from the first unit that emits until the last is settled; the handler returns at once."""
    done = asyncio.Event()
    seen = 0

    async def handle(_fact_id: str, _fact: Fact) -> None:
        nonlocal seen
        seen += 1
        if seen >= FACTS:
            done.set()

    relay = Relay(
        database,
        {Measured.name: [handle]},
        SystemClock(),
        facts=[Measured],
        limits=RelayLimits(concurrency=64, retention_s=0, prune_every_s=3600),
    )
    remaining = iter(range(FACTS))

    async def emit_some() -> None:
        for number in remaining:
            async with database.unit(timeout_s=60) as unit:
                await unit.emit(Measured(number=number))

    running = asyncio.create_task(relay.run())
    started = time.perf_counter()
    await asyncio.gather(*(emit_some() for _ in range(TOGETHER)))
    await done.wait()
    while relay.delivered < FACTS:  # noqa: ASYNC110 - what the relay settles is counted, not announced
        await asyncio.sleep(0.001)
    elapsed = time.perf_counter() - started
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with database.reader() as reader:
        if await open_facts(reader):
            raise AssertionError("facts were left over")
    async with database.unit() as unit:
        await unit.execute("DELETE FROM outbox")
    return FACTS / elapsed


@asynccontextmanager
async def opened(engine: str) -> AsyncIterator[Database]:
    """Open a fresh database of the engine and remove it afterwards."""
    name = f"shimin_bench_{os.getpid()}"
    folder: Path | None = None
    if engine == "sqlite":
        folder = Path(tempfile.mkdtemp(prefix="shimin-bench-"))
        url = f"sqlite:///{folder / 'bench.db'}"
    else:
        place = urlsplit(os.environ["SHIMIN_TEST_POSTGRES_URL"])
        await administer(f"CREATE DATABASE {name}")
        url = urlunsplit(place._replace(path=f"/{name}"))
    await create_tables(url)
    database = await open_database(url, pool_size=16)
    try:
        yield database
    finally:
        await database.close()
        if folder is not None:
            shutil.rmtree(folder)
        else:
            await administer(f"DROP DATABASE {name} WITH (FORCE)")


async def administer(statement: str) -> None:
    """Run a statement on the test server."""
    connection = await asyncpg.connect(os.environ["SHIMIN_TEST_POSTGRES_URL"])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
