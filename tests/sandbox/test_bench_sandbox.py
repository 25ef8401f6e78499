"""The sandbox's benchmark proves what it compares, measures all that has a target, and says which were missed."""

import io
from pathlib import Path

import pytest
from rich.console import Console

import walls
from shimin.ports.sandbox import BuiltComponent
from targets import MEASURES, Measure, figures, lines, print_table
from walls import Sample, Size

QUICK = Size(rounds=2, calls=5, instances=20, apps=3)
OF_THE_COMMAND = {"check", "new_to_test", "pack_to_call", "build", "component", "compiled"}
"""Measured by the command around the walls."""


@pytest.fixture
def quick_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "IDLE_S", 0.4)


@pytest.mark.usefixtures("quick_idle")
async def test_everything_with_a_target_is_measured(built: BuiltComponent, tmp_path: Path) -> None:
    steps: list[str] = []
    samples = await walls.measure(built, tmp_path, QUICK, steps.append)
    assert {sample.name for sample in samples} == MEASURES.keys() - OF_THE_COMMAND
    assert sorted({sample.round for sample in samples if sample.name == "call_p50"}) == [0, 1]
    taken = {figure.name: figure.median for figure in figures(samples)}
    assert taken["runners_idle"] == 0
    assert 1 <= taken["runners_most"] <= 4
    assert all(taken[name] > 0 for name in ("native_p50", "call_p50", "host_call", "calls_per_s", "runner_memory"))
    assert steps == ["round 1 of 2", "round 2 of 2", "memory", "idle"]


async def test_handlers_that_answer_differently_are_not_compared(built: BuiltComponent, tmp_path: Path) -> None:
    async with walls.open_walls(built, tmp_path) as opened:
        with pytest.raises(AssertionError, match="answer differently"):
            await walls.prove_equal(opened, lambda: '{"name": "somebody else"}')


@pytest.mark.parametrize(
    ("measure", "value", "met"),
    [
        (Measure("a", "ms", 2), 2, True),
        (Measure("a", "ms", 2), 2.01, False),
        (Measure("a", "1/s", 150, "at least"), 150, True),
        (Measure("a", "1/s", 150, "at least"), 149, False),
        (Measure("a", "ms"), 1e9, None),
    ],
)
def test_a_target_is_met_or_missed_by_the_median(measure: Measure, value: float, met: bool | None) -> None:  # noqa: FBT001
    assert measure.is_met(value) is met


def test_the_table_and_the_lines_say_what_was_missed() -> None:
    samples = [Sample("call_p50", value, number) for number, value in enumerate((1.0, 3.0, 4.0))]
    said = io.StringIO()
    print_table([*samples, Sample("calls_per_s", 263)], Console(file=said, width=160))
    missed, met = [line for line in said.getvalue().splitlines() if "at " in line]
    assert all(part in missed for part in ("3 ms", "1–4", "at most 2", "missed"))
    assert all(part in met for part in ("263 1/s", "at least 150", "met"))
    *_, last = lines(samples)
    assert (last["median"], last["range"], last["target"], last["met"]) == (3.0, [1.0, 4.0], 2, False)
