"""Tables for people and lines for machines: medians with their ranges, and how far ahead of each peer we are."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from contestants import CONTESTANTS
from rounds import Sample

TITLES = {contestant.name: contestant.title for contestant in CONTESTANTS}


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times cheaper ours is to be than a peer; for the floor, how many times dearer at most."""

    ours: str
    peer: str
    target: float | None
    """None: reported without a goal."""
    is_floor: bool = False


GOALS: Sequence[Goal] = (
    Goal("tier1", "mercurius", 3),
    Goal("tier1", "mercurius-cached", None),
    Goal("tier1", "postgraphile", 7),
    Goal("tier1", "fastify-sql", 1),
    Goal("tier1", "strawberry-naive", 50),
    Goal("tier1", "tier3-naive", None),
    Goal("tier1", "static-asgi", 2.5, is_floor=True),
    Goal("tier1-batched", "mercurius", 5),
    Goal("tier1-batched", "mercurius-cached", None),
    Goal("tier1-batched", "postgraphile", 11),
    Goal("tier1-batched", "fastify-sql", 1.5),
    Goal("tier1-batched", "strawberry-naive", 80),
    Goal("tier1-batched", "tier3-naive", None),
    Goal("tier1-batched", "static-asgi", 1.6, is_floor=True),
    Goal("tier2", "mercurius", 1),
    Goal("tier2", "mercurius-cached", None),
    Goal("tier2", "postgraphile", 2),
    Goal("tier2", "strawberry-naive", 15),
    Goal("tier2", "tier3-naive", None),
)
"""The goals of the engine's design, in processor time of the server for one answer."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A goal with what was measured: the ratio of each round, paired."""

    goal: Goal
    by_round: Sequence[float]

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return statistics.median(self.by_round)

    @property
    def is_met(self) -> bool | None:
        """Whether the median reaches the goal; None where there is none."""
        if self.goal.target is None:
            return None
        return self.median <= self.goal.target if self.goal.is_floor else self.median >= self.goal.target


def ratios(samples: Sequence[Sample], connections: int) -> list[Ratio]:
    """Return every goal that both sides were measured for, at the usual number of connections."""
    by_name: dict[str, dict[int, float]] = defaultdict(dict)
    for sample in samples:
        if sample.connections == connections:
            by_name[sample.name][sample.round] = sample.app_us
    found = []
    for goal in GOALS:
        ours, peer = by_name[goal.ours], by_name[goal.peer]
        pairs = [(ours[number], peer[number]) for number in sorted(ours.keys() & peer.keys())]
        if pairs:
            found.append(Ratio(goal, [a / b if goal.is_floor else b / a for a, b in pairs]))
    return found


def print_tables(samples: Sequence[Sample], connections: int, console: Console) -> None:
    """Print what each configuration cost, and the ratios beside their goals."""
    costs = Table(title="GraphQL home screen: median (range over the rounds)", title_justify="left")
    costs.add_column("configuration", no_wrap=True)
    for head in ("conns", "app CPU µs", "DB CPU µs", "requests/s", "p50 ms", "p99 ms", "RSS MiB"):
        costs.add_column(head, justify="right", no_wrap=True)
    for (name, number), group in _groups(samples):
        figures = ("app_us", "database_us", "answers_per_s", "p50_ms", "p99_ms", "memory_mib")
        costs.add_row(TITLES[name], str(number), *(_spread([getattr(one, item) for one in group]) for item in figures))
    console.print(costs)
    found = ratios(samples, connections)
    if not found:
        return
    goals = Table(title="App CPU, paired in each round", title_justify="left")
    goals.add_column("ours", no_wrap=True)
    goals.add_column("against", no_wrap=True)
    for head in ("measured", "goal", ""):
        goals.add_column(head, justify="right", no_wrap=True)
    for ratio in found:
        goal = ratio.goal
        verb = "its cost ×" if goal.is_floor else "cheaper ×"
        target = "" if goal.target is None else f"{'≤' if goal.is_floor else '≥'} {goal.target:g}"
        verdict = {True: "[green]met[/green]", False: f"[red]missed by {_miss(ratio)}[/red]", None: ""}[ratio.is_met]
        measured = f"{verb}{_spread(ratio.by_round)}"
        goals.add_row(TITLES[goal.ours], TITLES[goal.peer], measured, target, verdict)
    console.print(goals)


def lines(samples: Sequence[Sample], connections: int) -> Iterator[Mapping[str, Any]]:
    """Yield every sample, then every ratio, as JSON values."""
    for sample in samples:
        yield {"measure": "sample", **{key: _rounded(value) for key, value in asdict(sample).items()}}
    for ratio in ratios(samples, connections):
        yield {
            "measure": "ratio",
            "ours": ratio.goal.ours,
            "against": ratio.goal.peer,
            "median": _rounded(ratio.median),
            "lowest": _rounded(min(ratio.by_round)),
            "highest": _rounded(max(ratio.by_round)),
            "rounds": len(ratio.by_round),
            "goal": ratio.goal.target,
            "met": ratio.is_met,
        }


def _groups(samples: Sequence[Sample]) -> Iterator[tuple[tuple[str, int], list[Sample]]]:
    """Yield the samples of each configuration and number of connections, in the order of the contestants."""
    groups: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.name, sample.connections].append(sample)
    order = list(TITLES)
    yield from sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "in app"
    return f"{_short(statistics.median(known))} [dim]({_short(min(known))}-{_short(max(known))})[/dim]"


def _miss(ratio: Ratio) -> str:
    share = ratio.median / (ratio.goal.target or 1) - 1
    return f"{abs(share):.0%}"


def _short(value: float) -> str:
    """Write three digits or more: 0.52, 7.31, 34.2, 1723."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
