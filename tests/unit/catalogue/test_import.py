"""Importing files of guides, on both engines."""

import io
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shimin.catalogue import (
    CountGuides,
    GuidesFileUnusable,
    ImportReport,
    Problem,
    count_guides,
    find_guide,
    import_guides,
)
from shimin.catalogue.lines import LINE_BYTES_MAX, read_lines
from shimin.db import Database
from shimin.demo.guides import open_sample
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.refusal import NotAllowed

LineOf = Callable[..., bytes]
Import = Callable[..., Awaitable[tuple[ImportReport, list[Problem]]]]
CODE = "11990100LH00000112209900010000A"
REAL = Path(os.environ.get("SHIMIN_TEST_GUIDES") or Path(__file__).parents[4] / "shared/data/guides/guangdong.jsonl")
"""The published guides; they are not part of the project."""


async def dump(db: Database) -> list[object]:
    """Return everything the catalogue stores."""
    index = "rowid, title, names, body" if db.engine == "sqlite" else "number, CAST(terms AS TEXT)"
    async with db.reader() as reader:
        return [
            [tuple(row.values()) for row in await reader.fetch(f"SELECT {columns} FROM {table} ORDER BY 1")]  # noqa: S608
            for table, columns in (("guide", "*"), ("guide_label", "*"), ("guide_search", index))
        ]


async def test_importing_twice_changes_nothing_and_says_so(db: Database, frozen_clock: FixedClock) -> None:
    with open_sample() as file:
        first = await import_guides(system_call(), file, db=db, clock=frozen_clock)
    before = await dump(db)
    with open_sample() as file:
        second = await import_guides(system_call(), file, db=db, clock=frozen_clock)
    assert (first.added, first.changed, first.unchanged) == (first.lines, 0, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, first.lines)
    assert second.is_unchanged
    assert not first.is_unchanged
    assert await dump(db) == before


async def test_a_changed_line_replaces_its_guide_everywhere(
    db: Database, import_lines: Import, line_of: LineOf, anyone: Call
) -> None:
    await import_lines(line_of(), line_of(TASK_CODE="OTHER", TASK_NAME="其他事项"))
    report, _ = await import_lines(
        line_of(TASK_NAME="渔船登记", theme_category=["农民"], service_object_name=["自然人"]),
        line_of(TASK_CODE="OTHER", TASK_NAME="其他事项"),
    )
    assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
    async with db.reader() as reader:
        guide = await find_guide(anyone, CODE, reader=reader)
        counts = await count_guides(anyone, CountGuides(), reader=reader)
        gone = await count_guides(anyone, CountGuides(text="捕捞许可证换发", matching="all_words"), reader=reader)
        found = await count_guides(anyone, CountGuides(text="渔船登记", matching="all_words"), reader=reader)
    assert guide
    assert (guide.title.zh, guide.themes) == ("渔船登记", ("农民",))
    assert {facet.value: facet.count for facet in counts.facets["theme"]} == {"农民": 1, "其他": 1}
    assert {facet.value: facet.count for facet in counts.facets["group"]} == {"自然人": 2, "企业法人": 1}
    assert (counts.total, gone.total, found.total) == (2, 0, 1)


async def test_every_line_not_read_fully_is_reported_and_the_rest_kept(
    db: Database, import_lines: Import, line_of: LineOf
) -> None:
    report, problems = await import_lines(
        line_of(TASK_CODE="A1"),
        b"{broken",
        b"   ",
        line_of(TASK_CODE="A2", handle_time="尽快", URL="ftp://linhai.example"),
        line_of(TASK_CODE="A3", TASK_NAME=...),
        line_of(TASK_CODE="A1", TASK_NAME="又一个"),
        b'{"pad": "' + b"x" * LINE_BYTES_MAX + b'"}',
        line_of(TASK_CODE="A4"),
    )
    assert [(item.line, item.code, item.field, item.reason, item.is_skipped) for item in problems] == [
        (2, None, "", "NOT_JSON", True),
        (4, "A2", "handle_time", "NOT_A_LIMIT", False),
        (4, "A2", "URL", "NOT_A_URL", False),
        (5, "A3", "TASK_NAME", "MISSING", True),
        (6, "A1", "TASK_CODE", "REPEATED", True),
        (7, None, "", "LINE_TOO_LONG", True),
    ]
    assert (report.lines, report.added, report.skipped) == (7, 3, 4)
    assert (report.lines_with_problems, report.problems, sum(report.by_reason.values())) == (5, 6, 6)
    async with db.reader() as reader:
        codes = await reader.fetch("SELECT code, title FROM guide ORDER BY number")
    assert [(row["code"], row["title"][:2]) for row in codes] == [("A1", "渔船"), ("A2", "渔船"), ("A4", "渔船")]


async def test_a_changed_import_leaves_a_fact_and_an_unchanged_one_none(
    db: Database, import_lines: Import, line_of: LineOf
) -> None:
    await import_lines(line_of())
    await import_lines(line_of())
    async with db.reader() as reader:
        rows = await reader.fetch("SELECT name FROM outbox")
    assert [row["name"] for row in rows] == ["catalogue.guides_imported"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04\n\x00\x00", b"[]\n{}\n", b"a,b\n" * 5000])
async def test_a_file_without_a_guide_is_refused_and_nothing_written(
    db: Database, frozen_clock: FixedClock, content: bytes
) -> None:
    before = await dump(db)
    with pytest.raises(GuidesFileUnusable):
        await import_guides(system_call(), io.BytesIO(content), db=db, clock=frozen_clock)
    assert await dump(db) == before == [[], [], []]


@pytest.mark.parametrize(
    "actor",
    [ANONYMOUS, Actor(kind="citizen", id="ctz"), Actor(kind="operator", id="op", roles=frozenset({"releaser"}))],
    ids=lambda actor: actor.kind,
)
async def test_only_the_platform_itself_imports(
    db: Database, frozen_clock: FixedClock, line_of: LineOf, actor: Actor
) -> None:
    with pytest.raises(NotAllowed):
        await import_guides(Call(actor=actor), io.BytesIO(line_of()), db=db, clock=frozen_clock)
    assert await dump(db) == [[], [], []]


async def test_progress_ends_at_the_length_of_the_file(db: Database, frozen_clock: FixedClock, line_of: LineOf) -> None:
    content = b"".join(line_of(TASK_CODE=f"A{number}") + b"\r\n" for number in range(120))
    told: list[int] = []
    await import_guides(system_call(), io.BytesIO(content), db=db, clock=frozen_clock, on_progress=told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (3, len(content))


def test_an_endless_line_is_read_in_bounded_memory() -> None:
    class Endless(io.BytesIO):
        """Gives a megabyte a hundred times without a line feed, and remembers the largest piece asked for."""

        largest = 0
        given = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            Endless.largest = max(Endless.largest, size)
            Endless.given += size
            return b"x" * size if Endless.given < 100_000_000 else b""

    (line,) = read_lines(Endless())
    assert line.is_too_long
    assert len(line.content) <= 1000
    assert 0 < Endless.largest <= LINE_BYTES_MAX + 1


def test_a_line_of_exactly_the_limit_is_read() -> None:
    content = b"x" * LINE_BYTES_MAX
    (line, end) = read_lines(io.BytesIO(b"\xef\xbb\xbfa\n" + content + b"\n"))
    assert (line.content, line.number) == (b"a\n", 1)
    assert not end.is_too_long
    assert end.content == content + b"\n"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Give the published guides where they are at hand; the sample city's, said aloud, where they are not."""
    if REAL.is_file():
        return REAL
    print(f"\n{REAL} is absent: the sample city's guides are imported instead")
    source = tmp_path / "linhai.jsonl"
    with open_sample() as sample, source.open("wb") as copy:
        shutil.copyfileobj(sample, copy)
    return source


async def test_the_published_guides_are_imported_whole(
    db: Database, frozen_clock: FixedClock, published: Path, anyone: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """All 2,262 of them, and what could not be read of them is known to the last line."""
    with capsys.disabled():
        print(f"\nguides imported by this test: {published.name}")
    problems: list[Problem] = []
    with published.open("rb") as file:
        report = await import_guides(system_call(), file, db=db, clock=frozen_clock, on_problem=problems.append)
    async with db.reader() as reader:
        counts = await count_guides(anyone, CountGuides(), reader=reader)
    assert counts.total == report.added == report.lines
    assert report.skipped == 0
    assert report.problems == len(problems)
    if published == REAL and "SHIMIN_TEST_GUIDES" not in os.environ:
        assert report.lines == 2262
        assert dict(report.by_reason) == {
            ("consult_phone", "MORE_THAN_NUMBERS"): 38,
            ("complain_phone", "MORE_THAN_NUMBERS"): 8,
            ("complain_phone", "NO_NUMBER"): 4,
            ("consult_phone", "NO_NUMBER"): 3,
            ("online_book", "CONTRADICTION"): 1,
        }
        themes = {facet.value: facet.count for facet in counts.facets["theme"]}
        assert (len(themes), themes["其他"]) == (52, 1071)
        assert (len(counts.facets["group"]), len(counts.facets["department"])) == (7, 177)
    with published.open("rb") as file:
        again = await import_guides(system_call(), file, db=db, clock=frozen_clock)
    assert again.is_unchanged
