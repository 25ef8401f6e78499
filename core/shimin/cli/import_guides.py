"""``shimin import-guides``: take a file of service guides into the catalogue."""

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from shimin import catalogue
from shimin.assembly import open_migrated
from shimin.catalogue import GuidesFileUnusable, ImportReport, Problem
from shimin.config import load_settings
from shimin.kit.call import Locale, system_call
from shimin.kit.clock import SystemClock
from shimin.kit.text import say

PROBLEMS_SHOWN_MAX = 20


def import_guides(
    path: Annotated[Path, typer.Argument(help="JSON lines, one guide a line.", show_default=False)],
    report: Annotated[
        Path | None, typer.Option("--report", help="Write every problem to this file, one JSON object a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Import service guides; a guide that is there already is updated, the same file twice changes nothing.

    Every line that cannot be read fully is reported with its number and the reason, and the rest is kept.
    Exit code 0: imported, problems or not; 2: the file cannot be used, nothing was imported.

    Example: shimin import-guides guides.jsonl --report problems.jsonl
    """
    settings = load_settings()
    shown: list[Problem] = []
    console = Console()
    with ExitStack() as stack:
        file = stack.enter_context(_open(path))
        output = stack.enter_context(_create(report)) if report else None

        def on_problem(problem: Problem) -> None:
            if len(shown) < PROBLEMS_SHOWN_MAX:
                shown.append(problem)
            if output:
                output.write(json.dumps(_plain(problem), ensure_ascii=False) + "\n")

        on_progress = _ignore if as_json else _bar(stack, Console(stderr=True), path)
        result = asyncio.run(_run(settings.database, file, on_progress, on_problem))
    if as_json:
        typer.echo(json.dumps(_result(result, shown), ensure_ascii=False))
        return
    _print(console, result, shown, report)


async def _run(
    database: str, file: IO[bytes], on_progress: Callable[[int], None], on_problem: Callable[[Problem], None]
) -> ImportReport:
    db = await open_migrated(database)
    try:
        return await catalogue.import_guides(
            system_call(), file, db=db, clock=SystemClock(), on_progress=on_progress, on_problem=on_problem
        )
    finally:
        await db.close()


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise GuidesFileUnusable(reason=f"{path}: {error.strerror}") from None


def _create(path: Path) -> IO[str]:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--report") from None


def _ignore(_done: int) -> None:
    """Show no progress: the output is for a program."""


def _bar(stack: ExitStack, console: Console, path: Path) -> Callable[[int], None]:
    """Return what moves a progress bar over the bytes of the file."""
    progress = stack.enter_context(
        Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn(), console=console)
    )
    task = progress.add_task(path.name, total=path.stat().st_size)
    return lambda done: progress.update(task, completed=done)


def _plain(problem: Problem) -> dict[str, object]:
    """Return a problem for a machine, with its words in both languages."""
    locales: tuple[Locale, ...] = ("zh-Hans", "en")
    words = {locale: say(f"guide.problem.{problem.reason}", locale) for locale in locales}
    return {**asdict(problem), "text": words}


def _result(result: ImportReport, shown: list[Problem]) -> dict[str, object]:
    by_reason = [
        {"field": field, "reason": reason, "count": count}
        for (field, reason), count in sorted(result.by_reason.items())
    ]
    return {
        **asdict(result),
        "by_reason": by_reason,
        "is_unchanged": result.is_unchanged,
        "first_problems": [_plain(problem) for problem in shown],
    }


def _print(console: Console, result: ImportReport, shown: list[Problem], report: Path | None) -> None:
    counts = Table("lines", "added", "changed", "unchanged", "left out", "not read fully")
    counts.add_row(
        *(
            str(number)
            for number in (
                result.lines,
                result.added,
                result.changed,
                result.unchanged,
                result.skipped,
                result.lines_with_problems,
            )
        )
    )
    console.print(counts)
    if result.is_unchanged:
        console.print("The catalogue was up to date: nothing changed.")
    if not result.problems:
        return
    reasons = Table("field", "what could not be read", "times", title="What was not read", title_justify="left")
    for (field, reason), count in sorted(result.by_reason.items(), key=lambda item: -item[1]):
        reasons.add_row(field or "(line)", say(f"guide.problem.{reason}", "en"), str(count))
    console.print(reasons)
    for problem in shown:
        words = say(f"guide.problem.{problem.reason}", "en")
        where = f"line {problem.line}, {problem.field or 'the line'}"
        console.print(f"{where}: {words}: {problem.found!r}", highlight=False, markup=False)
    if result.problems > len(shown):
        rest = result.problems - len(shown)
        hint = f"all are in {report}" if report else "all of them with --report FILE"
        console.print(f"… and {rest} more; {hint}.", highlight=False, markup=False)
