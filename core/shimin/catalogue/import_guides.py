"""Takes a file of guides into the catalogue."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from shimin.catalogue import rows
from shimin.catalogue.errors import GuidesFileUnusable
from shimin.catalogue.facts import GuidesImported
from shimin.catalogue.lines import Line, read_lines
from shimin.catalogue.model import Guide, ImportReport, Problem
from shimin.catalogue.parse import ParsedLine, parse_line
from shimin.db import Database, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed

BATCH_LINES = 50
"""Lines per unit: few enough that others who write hardly wait."""
UNIT_TIMEOUT_S = 30.0
LOOK_LINES = 1000
"""A file without one guide in its first lines is taken for something else."""


@dataclass(slots=True)
class _Tally:
    lines: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    lines_with_problems: int = 0
    problems: int = 0
    by_reason: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: set[bytes] = field(default_factory=set)
    """Short digests of the item codes seen so far: 16 bytes a guide."""

    @property
    def guides(self) -> int:
        return self.added + self.changed + self.unchanged

    def report(self) -> ImportReport:
        return ImportReport(
            lines=self.lines,
            added=self.added,
            changed=self.changed,
            unchanged=self.unchanged,
            skipped=self.skipped,
            lines_with_problems=self.lines_with_problems,
            problems=self.problems,
            by_reason=dict(self.by_reason),
        )


async def import_guides(
    call: Call,
    file: IO[bytes],
    *,
    db: Database,
    clock: Clock,
    on_progress: Callable[[int], None] = lambda _: None,
    on_problem: Callable[[Problem], None] = lambda _: None,
) -> ImportReport:
    """Write every guide of the file that is new or changed; the same file twice changes nothing.

    Each line stands for itself: what cannot be read is reported and the rest is kept. Guides that the file does not
    name stay as they are. An import that is stopped half-way keeps what it wrote and can be repeated.

    Args:
        call: by the platform itself.
        file: JSON lines; read once, from where it stands, in bounded memory.
        db: written in units of ``BATCH_LINES`` lines.
        clock: dates what is written.
        on_progress: told how many bytes of the file are done.
        on_problem: told each problem, in the order of the lines.

    Raises:
        NotAllowed: somebody else is calling.
        GuidesFileUnusable: the file holds no guide at all; nothing was written.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    tally = _Tally()
    lines = read_lines(file)
    while batch := await asyncio.to_thread(_read_batch, lines):
        guides = _take(batch, tally, on_problem)
        if guides:
            async with db.unit(timeout_s=UNIT_TIMEOUT_S) as unit:
                counts = await _write(unit, guides, clock)
            # Counted only now: a unit that failed wrote nothing.
            tally.added += counts.added
            tally.changed += counts.changed
            tally.unchanged += counts.unchanged
        if not tally.guides and tally.lines >= LOOK_LINES:
            raise GuidesFileUnusable(reason=f"{LOOK_LINES} lines without a guide")
        on_progress(batch[-1][0].end)
    if not tally.guides:
        raise GuidesFileUnusable(reason="no line is a guide" if tally.lines else "the file is empty")
    return tally.report()


def _read_batch(lines: Iterator[Line]) -> list[tuple[Line, ParsedLine]]:
    """Read and parse some lines; runs in a thread, because reading a file waits and parsing takes time."""
    return [(line, _parse(line)) for line in islice(lines, BATCH_LINES)]


def _parse(line: Line) -> ParsedLine:
    if line.is_too_long:
        found = line.content[:80].decode("utf-8", "replace")
        return ParsedLine(None, (Problem(line.number, None, "", "LINE_TOO_LONG", found, is_skipped=True),))
    return parse_line(line.content, line.number)


def _take(batch: list[tuple[Line, ParsedLine]], tally: _Tally, on_problem: Callable[[Problem], None]) -> list[Guide]:
    """Count what was read, report what was not, and return the guides to write."""
    guides = []
    for line, parsed in batch:
        guide, problems = parsed.guide, parsed.problems
        if guide is not None:
            name = hashlib.blake2b(guide.code.encode(), digest_size=16).digest()
            if name in tally.seen:
                repeat = Problem(line.number, guide.code, "TASK_CODE", "REPEATED", guide.code, is_skipped=True)
                guide, problems = None, (*problems, repeat)
            tally.seen.add(name)
        tally.lines += 1
        tally.skipped += guide is None
        tally.lines_with_problems += bool(problems)
        tally.problems += len(problems)
        for problem in problems:
            tally.by_reason[problem.field, problem.reason] += 1
            on_problem(problem)
        if guide is not None:
            guides.append(guide)
    return guides


async def _write(unit: Unit, guides: list[Guide], clock: Clock) -> _Tally:
    """Write the guides that differ from what is stored."""
    await rows.lock_import(unit)
    before = await rows.digests(unit, [guide.code for guide in guides])
    counts = _Tally()
    for guide in guides:
        digest = rows.digest_of(guide)
        if before.get(guide.code) == digest:
            counts.unchanged += 1
            continue
        await rows.write(unit, guide, digest, clock.now())
        counts.added += guide.code not in before
        counts.changed += guide.code in before
    if counts.added or counts.changed:
        await unit.emit(GuidesImported(added=counts.added, changed=counts.changed))
    return counts
