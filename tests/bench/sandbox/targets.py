"""The sandbox's targets beside what was measured: a table for people, lines for machines."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from walls import Sample


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure's name, unit and target; a median is held to it."""

    title: str
    unit: str
    target: float | None = None
    bound: Literal["at most", "at least"] = "at most"

    def is_met(self, value: float) -> bool | None:
        """Tell whether the value reaches the target; None where there is none."""
        if self.target is None:
            return None
        return value <= self.target if self.bound == "at most" else value >= self.target


MEASURES: Mapping[str, Measure] = {
    "call_p50": Measure("typical call, single-use instance: median", "ms", 2),
    "call_p99": Measure("typical call, single-use instance: 99th percentile", "ms", 6),
    "native_p50": Measure("the same handler in this process: median", "ms"),
    "native_p99": Measure("the same handler in this process: 99th percentile", "ms"),
    "times_native": Measure("call beside native, of the same round", "times"),
    "calls_per_s": Measure("typical calls without a pause, one core for both sides", "1/s", 150, "at least"),
    "host_call": Measure("host call: median", "µs", 160),
    "runaway": Measure("a guest that loops forever is gone after its deadline by", "ms", 50),
    "instance_memory": Measure("private memory of a prepared instance", "MiB", 2),
    "runner_memory": Measure("memory of a runner, two instances ahead (PSS)", "MiB", 50),
    "growth": Measure("growth of a runner over the instances in a row", "KiB", 0),
    "instantiate": Measure("instantiate, within the runner: median", "ms"),
    "prepare": Measure("instantiate and prepare, within the runner: median", "ms"),
    "first_call_p50": Measure("first call of a mini-app without a runner: median", "ms"),
    "first_call_p99": Measure("first call of a mini-app without a runner: 99th percentile", "ms"),
    "runners_most": Measure("runners at a time while every registered mini-app was called once", "", 32),
    "runners_idle": Measure("runners left when nobody called any more", "", 0),
    "idle_memory": Measure("the core's memory for each registered, idle mini-app", "KiB"),
    "check": Measure("shimin-sdk check of a new mini-app, whole process", "s", 2),
    "new_to_test": Measure("shimin-sdk new and test, until green", "s", 60),
    "pack_to_call": Measure("shimin-sdk pack, build, first call in the sandbox", "s", 90),
    "build": Measure("build of the guest by the platform", "s"),
    "component": Measure("component", "MB"),
    "compiled": Measure("compiled ahead of time", "MB"),
}
"""In the order of the table; targets are those of the sandbox's design."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's median with its range over the rounds."""

    name: str
    median: float
    lowest: float
    highest: float

    @property
    def measure(self) -> Measure:
        """What it is a figure of."""
        return MEASURES[self.name]


def figures(samples: Sequence[Sample]) -> list[Figure]:
    """Return a figure for each measure that was taken."""
    by_name: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample.value)
    return [
        Figure(name, statistics.median(by_name[name]), min(by_name[name]), max(by_name[name]))
        for name in MEASURES
        if name in by_name
    ]


def print_table(samples: Sequence[Sample], console: Console) -> None:
    """Print every figure beside its target."""
    table = Table(title="The sandbox: median (range over the rounds) beside its target", title_justify="left")
    for heading in ("", "measured", "range", "target", ""):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for figure in figures(samples):
        measure = figure.measure
        spread = figure.lowest != figure.highest
        met = measure.is_met(figure.median)
        table.add_row(
            measure.title,
            f"{number(figure.median)} {measure.unit}".rstrip(),
            f"{number(figure.lowest)}–{number(figure.highest)}" if spread else "",
            "" if measure.target is None else f"{measure.bound} {number(measure.target)}",
            {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}[met],
        )
    console.print(table)


def number(value: float) -> str:
    """Return a figure with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def lines(samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """Yield every sample with its unit, and every figure with its target."""
    for sample in samples:
        yield {
            "measure": sample.name,
            "round": sample.round,
            "value": round(sample.value, 4),
            "unit": MEASURES[sample.name].unit,
        }
    for figure in figures(samples):
        measure = figure.measure
        yield {
            "measure": figure.name,
            "median": round(figure.median, 4),
            "range": [round(figure.lowest, 4), round(figure.highest, 4)],
            "unit": measure.unit,
            "target": measure.target,
            "met": measure.is_met(figure.median),
        }
