"""The whole contest: a database with a city in it, a server for each contestant, rounds of measurements."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from city import Advance, fill_postgres, fill_sqlite
from city_rows import CitySize
from contestants import Contestant, Place
from peers import PeersMissing, install, node_version
from rounds import Course, Running, Sample, run_rounds
from running import NotRunning, Passes, Right, expected, prove, running
from servers import free_port, postgres, quick_folder
from usage import Places, parent_of, pin

ISSUER = "https://bench.example"
AUDIENCE = "shimin"
SQLITE_SCALE_MAX = 0.05
"""SQLite gets a city of at most this scale: the same rows for each citizen, fewer citizens."""
CITIZENS_ASKED = 1_000
"""As many tokens and, where texts are sent, as many texts; a small city's citizens are asked more than once."""
SHARED_BUFFERS = "512MB"
"""Half the usual share of a small database server; the rows asked for fit into it."""
BUSY_LOAD = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What to measure, as it was asked for."""

    contestants: Sequence[Contestant]
    scale: float = 1.0
    rounds: int = 5
    seconds: float = 4.0
    warm_up_s: float = 1.5
    connections: int = 64
    more_connections: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Contestants that could not run here, and why: nothing is wrong with them."""
    failed: dict[str, str] = field(default_factory=dict)
    """Contestants that did not start or answered wrong, and how."""
    facts: dict[str, object] = field(default_factory=dict)
    """What the figures depend on: sizes, versions, cores."""


def hold(wish: Wish, console: Console) -> Outcome:
    """Load the city, start everybody, measure in rounds, stop everybody; progress goes to the console.

    Raises:
        ServerMissing: PostgreSQL cannot be had on this machine.
    """
    outcome = Outcome()
    ready = who_can_run(wish.contestants, outcome, console)
    if os.getloadavg()[0] > BUSY_LOAD:
        console.print(f"[yellow]this machine is busy[/yellow] (load {os.getloadavg()[0]:.1f}): figures will spread")
    cores = os.sched_getaffinity(0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shimin-bench-", dir=quick_folder())))
        size = CitySize.scaled(wish.scale)
        url = stack.enter_context(_database())
        with _progress(console) as progress:
            asyncio.run(fill_postgres(url, size, _bars(progress)))
        sqlite_size = CitySize.scaled(min(wish.scale, SQLITE_SCALE_MAX))
        sqlite_url = f"sqlite:///{folder / 'city.db'}"
        if any(contestant.engine == "sqlite" for contestant in ready):
            with _progress(console) as progress:
                asyncio.run(fill_sqlite(folder / "city.db", sqlite_size, _bars(progress)))
        places = Places.choose()
        stack.callback(pin, os.getpid(), frozenset(cores))
        pin(os.getpid(), places.asking)
        database_pid, version = asyncio.run(_postmaster(url))
        if database_pid is not None:
            pin(database_pid, places.database)
        course = Course(
            rounds=wish.rounds,
            seconds=wish.seconds,
            connections=wish.connections,
            more_connections=wish.more_connections,
            citizens={"postgres": _spread(size.citizens), "sqlite": _spread(sqlite_size.citizens)},
            warm_up_s=wish.warm_up_s,
        )
        outcome.facts |= {
            "postgresql": version,
            "places": str(places),
            "load_average": round(os.getloadavg()[0], 2),
            "scale": wish.scale,
            "seconds": wish.seconds,
            "citizens_asked": len(course.citizens["postgres"]),
        }
        urls = {"postgres": url, "sqlite": sqlite_url}
        right = {
            engine: asyncio.run(expected(urls[engine], course.citizens[engine]))
            for engine in sorted({contestant.engine for contestant in ready})
        }
        body = folder / "static.json"
        body.write_bytes(orjson.dumps({"data": next(iter(right.values()))[0][2]}) if right else b"{}")
        outcome.facts["answer_bytes"] = body.stat().st_size
        passes = Passes.open(folder, ISSUER)
        started = []
        for contestant in ready:
            place = Place(free_port(), url, sqlite_url, folder, ISSUER, AUDIENCE, passes.public_key, body)
            console.print(f"  starting [bold]{contestant.name}[/bold]")
            if pid := _start(stack, contestant, place, places, outcome):
                started.append(Running(contestant, place.port, pid))
        _measure(course, started, passes, right, database_pid, outcome, console)
    return outcome


def _start(stack: ExitStack, contestant: Contestant, place: Place, places: Places, outcome: Outcome) -> int | None:
    try:
        return stack.enter_context(running(contestant, place, places.server))
    except NotRunning as error:
        outcome.failed[contestant.name] = str(error)
        return None


def _measure(
    course: Course,
    started: Sequence[Running],
    passes: Passes,
    right: dict[str, Sequence[Right]],
    database_pid: int | None,
    outcome: Outcome,
    console: Console,
) -> None:
    for one in started:
        try:
            prove(one.contestant, one.port, passes, right[one.contestant.engine])
        except (NotRunning, OSError) as error:
            outcome.failed[one.contestant.name] = str(error)
    field = [one for one in started if one.contestant.name not in outcome.failed]
    if not field:
        return
    with _progress(console) as progress:
        steps = course.rounds * sum(len(course.connections_of(one.contestant)) for one in field)
        task = progress.add_task("measuring", total=steps)

        def advance(what: str) -> None:
            progress.update(task, description=what, advance=1)

        progress.update(task, completed=-1)
        outcome.samples += run_rounds(course, field, passes, right, database_pid, advance, outcome.failed)
        progress.update(task, completed=steps)


def who_can_run(contestants: Sequence[Contestant], outcome: Outcome, console: Console) -> list[Contestant]:
    """Return the contestants that this machine and this version can run; say why of the others."""
    ready = []
    for contestant in contestants:
        try:
            if contestant.peer:
                outcome.facts["node"] = node_version()
                console.print(f"  libraries of [bold]{contestant.name}[/bold]")
                install(contestant.peer)
            ready.append(contestant)
        except PeersMissing as missing:
            outcome.left_out[contestant.name] = str(missing)
    for name, why in outcome.left_out.items():
        console.print(f"  [yellow]left out[/yellow] {name}: {why}")
    return ready


def _spread(citizens: int) -> Sequence[int]:
    """Return the numbers of the citizens that are asked for in turn, evenly from the first to the last."""
    return [number * citizens // CITIZENS_ASKED for number in range(CITIZENS_ASKED)]


@contextmanager
def _database() -> Iterator[str]:
    """Yield the address of an empty database on a server of its own, or on the one that the environment names."""
    with postgres(shared_buffers=SHARED_BUFFERS) as server:
        name = f"bench_{os.getpid()}"
        asyncio.run(_administer(server, f"CREATE DATABASE {name}"))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            asyncio.run(_administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _postmaster(url: str) -> tuple[int | None, str]:
    """Return the process that all of PostgreSQL's processes belong to, and the server's version."""
    connection = await asyncpg.connect(url)
    try:
        return parent_of(connection.get_server_pid()), await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()


def _progress(console: Console) -> Progress:
    columns = (TextColumn("  {task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _bars(progress: Progress) -> Advance:
    """Return what shows how far each table is, one bar a table."""
    tasks: dict[str, TaskID] = {}

    def advance(table: str, written: int, count: int) -> None:
        if table not in tasks:
            tasks[table] = progress.add_task(table, total=count)
        progress.update(tasks[table], completed=written)

    return advance
