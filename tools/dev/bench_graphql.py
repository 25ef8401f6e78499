"""Compares our GraphQL engine with its peers in processor time for one answer: ``make bench-graphql``.

Everything it starts listens on 127.0.0.1, has a bounded number of requests and is gone afterwards.
"""

import json
import signal
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from bench import describe
from install import ROOT
from servers import ServerMissing

sys.path.insert(0, str(ROOT / "tests" / "bench" / "graphql"))

from contest import Outcome, Wish, hold
from contestants import CONTESTANTS, Contestant
from peers import versions
from report import lines, print_tables

FILE_WIDTH = 220
"""Columns of the tables where they do not go to a terminal."""
NAMES = ", ".join(contestant.name for contestant in CONTESTANTS)


def main(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Measure these alone; may be repeated or hold commas. Known: {NAMES}.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds; each measures every configuration once.", min=1, max=50)] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.", min=0.2, max=60)] = 4,
    connections: Annotated[int, typer.Option(help="Connections, one request under way on each.", min=1, max=512)] = 64,
    *,
    more_connections: Annotated[
        bool, typer.Option(help="Measure ours and the best peer with 1 and 256 connections too.")
    ] = True,
    scale: Annotated[
        float, typer.Option(help="Size of the city; 1 is 100,000 citizens with 2,000,000 messages.", min=0.0001, max=10)
    ] = 1,
) -> None:
    """Measure the home screen on our engine and on its peers, in rounds that alternate them.

    Processor time comes from the operating system's accounting: of each server with its children, and of PostgreSQL
    with all its backends. Answers are compared with the right ones before every measurement.

    Example: make bench-graphql ARGS="--only tier1,mercurius --rounds 3 --scale 0.05"
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whatever was started is stopped on the way out
    console = Console(stderr=True)
    wish = Wish(
        _chosen(only),
        scale=scale,
        rounds=rounds,
        seconds=seconds,
        connections=connections,
        more_connections=more_connections,
    )
    try:
        outcome = hold(wish, console)
    except ServerMissing as missing:
        console.print(f"make bench-graphql: {missing}")
        raise typer.Exit(1) from None
    out = Console()
    if not out.is_terminal:
        out = Console(width=FILE_WIDTH)
    print_tables(outcome.samples, connections, out)
    out.print(f"{outcome.facts.get('places')}; PostgreSQL {outcome.facts.get('postgresql')}", highlight=False)
    for name, why in (*outcome.left_out.items(), *outcome.failed.items()):
        out.print(f"[yellow]not measured[/yellow] {name}: {why}", highlight=False)
    _write(outcome, connections, console)
    raise typer.Exit(1 if outcome.failed else 0)


def _chosen(only: list[str] | None) -> list[Contestant]:
    """Return the contestants of these names, or all."""
    names = [name.strip() for part in only or [] for name in part.split(",")]
    if unknown := sorted(set(names) - {contestant.name for contestant in CONTESTANTS}):
        raise typer.BadParameter(f"no configuration {', '.join(unknown)}: there are {NAMES}", param_hint="--only")
    return [contestant for contestant in CONTESTANTS if not names or contestant.name in names]


def _write(outcome: Outcome, connections: int, console: Console) -> None:
    """Write the figures as JSON lines with versions and machine into ``bench/``."""
    about = {
        **describe(),
        **outcome.facts,
        "peers": {peer: versions(peer) for peer in sorted({one.peer for one in CONTESTANTS if one.peer})},
    }
    target = ROOT / "bench" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-graphql.jsonl"
    target.parent.mkdir(exist_ok=True)
    with target.open("w") as output:
        for line in lines(outcome.samples, connections):
            output.write(json.dumps({"bench": "graphql", **line, **about}, ensure_ascii=False) + "\n")
    console.print(f"wrote {target.relative_to(ROOT)}", highlight=False)


if __name__ == "__main__":
    typer.run(main)
