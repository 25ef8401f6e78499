"""Measures the sandbox beside its targets, on one core, in turn with the same handler called in-process."""

import asyncio
import json
import logging
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from bench import describe
from install import ROOT

sys.path.insert(0, str(ROOT / "tests" / "bench" / "sandbox"))

import developer
import walls
from targets import lines, print_table
from walls import Sample, Size

FILE_WIDTH = 160
"""Columns of the table where it does not go to a terminal."""


def main(
    rounds: Annotated[int, typer.Option(help="Rounds; each measures both ways in turn.", min=1, max=50)] = 5,
    calls: Annotated[int, typer.Option(help="Calls of each kind in each round.", min=10, max=10_000)] = 300,
    instances: Annotated[int, typer.Option(help="Instances in a row that memory must not grow over.", min=10)] = 1_500,
    apps: Annotated[int, typer.Option(help="Registered mini-apps, idle in the end.", min=1, max=2_000)] = 200,
    *,
    with_developer: Annotated[
        bool, typer.Option("--developer/--no-developer", help="Measure what a developer waits for too.")
    ] = True,
) -> None:
    """Measure the sandbox: calls, host calls, memory, runaways, idle mini-apps, and what a developer waits for.

    The guest is built by the platform's own builder first. Both sides of a call share one core.

    Example: make bench-sandbox ARGS="--rounds 3 --no-developer"
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console(stderr=True)
    size = Size(rounds=rounds, calls=calls, instances=instances, apps=apps)
    with console.status("build") as status, tempfile.TemporaryDirectory() as folder:

        def tell(step: str) -> None:
            status.update(step)

        samples = measure_all(size, Path(folder), tell, with_developer=with_developer)
    out = Console()
    print_table(samples, out if out.is_terminal else Console(width=FILE_WIDTH))
    target = ROOT / "bench" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-sandbox.jsonl"
    target.parent.mkdir(exist_ok=True)
    about = describe()
    with target.open("w") as output:
        for line in lines(samples):
            output.write(json.dumps({"bench": "sandbox", **line, **about}, ensure_ascii=False) + "\n")
    console.print(f"wrote {target.relative_to(ROOT)}", highlight=False)


def measure_all(size: Size, folder: Path, tell: walls.Tell, *, with_developer: bool) -> list[Sample]:
    """Build, then measure everything; all that runs afterwards shares one core."""
    built = asyncio.run(walls.build(folder, tell))
    samples = [
        Sample("build", built.duration_ms / 1000),
        Sample("component", built.component.stat().st_size / 1e6),
        Sample("compiled", built.compiled.stat().st_size / 1e6),
    ]
    if with_developer:
        samples += developer.measure(folder, tell)
    walls.stay_on_one_core()
    return samples + asyncio.run(walls.measure(built, folder, size, tell))


if __name__ == "__main__":
    typer.run(main)
