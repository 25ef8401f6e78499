"""Measures the contestants in rounds that alternate them, so that a busy machine touches all alike."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contestants import Contestant
from load import BadAnswer, run_load
from running import NotRunning, Passes, Right, prove
from usage import memory_bytes, processor_s

WARM_UP_S = 1.5
"""Time for which a server is asked before it is measured, and until every token was seen once."""

STRIDE = 5
"""By how many places the order of the contestants moves on with each round."""


@dataclass(frozen=True, slots=True)
class Running:
    """A contestant whose server is up."""

    contestant: Contestant
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: a contestant, a number of connections, a round."""

    name: str
    connections: int
    round: int
    answers: int
    app_us: float
    """Processor time of the server and its children for one answer, in microseconds."""
    database_us: float | None
    """Likewise of PostgreSQL; None where the database is part of the server's process."""
    answers_per_s: float
    p50_ms: float
    p99_ms: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how hard each contestant is asked."""

    rounds: int
    seconds: float
    connections: int
    more_connections: bool
    """Whether some contestants are measured with other numbers of connections too."""
    citizens: Mapping[str, Sequence[int]]
    """Numbers of the citizens asked for, spread over all of them, by database engine."""
    warm_up_s: float = WARM_UP_S

    def connections_of(self, contestant: Contestant) -> Sequence[int]:
        """Return the numbers of connections that a contestant is measured with."""
        return sorted({self.connections, *(contestant.dimensions if self.more_connections else ())})


def run_rounds(
    course: Course,
    field: Sequence[Running],
    passes: Passes,
    right: Mapping[str, Sequence[Right]],
    database_pid: int | None,
    advance: Callable[[str], None],
    failed: dict[str, str],
) -> Iterator[Sample]:
    """Yield a sample of each contestant and number of connections in every round; each round begins with another.

    Args:
        right: known answers by database engine.
        advance: hears what is about to be measured.
        failed: gets the name of a contestant that answered wrong, and how; it is not measured any further.
    """
    for number in range(course.rounds):
        first = number * STRIDE % len(field)
        for running in (*field[first:], *field[:first]):
            contestant = running.contestant
            for connections in course.connections_of(contestant):
                advance(f"round {number + 1}: {contestant.title}, {connections} connections")
                if contestant.name in failed:
                    continue
                try:
                    prove(contestant, running.port, passes, right[contestant.engine])
                    yield _measure(course, running, passes, database_pid, connections=connections, round_number=number)
                except (NotRunning, BadAnswer, OSError) as error:
                    failed[contestant.name] = f"{type(error).__name__}: {error}"


def _measure(
    course: Course,
    running: Running,
    passes: Passes,
    database_pid: int | None,
    *,
    connections: int,
    round_number: int,
) -> Sample:
    requests = passes.requests(running.contestant, running.port, course.citizens[running.contestant.engine])
    warm = run_load(
        *(running.port, requests), connections=connections, seconds=course.warm_up_s, answers_min=len(requests)
    )
    gc.collect()
    gc.disable()
    try:
        before = _spent(running, database_pid)
        load = run_load(*(running.port, requests), connections=connections, seconds=course.seconds, start=warm.answers)
        after = _spent(running, database_pid)
    finally:
        gc.enable()
    app_s, database_s = (end - start for start, end in zip(before, after, strict=True))
    in_process = running.contestant.engine == "sqlite" or database_pid is None
    return Sample(
        name=running.contestant.name,
        connections=connections,
        round=round_number,
        answers=load.answers,
        app_us=app_s / load.answers * 1e6,
        database_us=None if in_process else database_s / load.answers * 1e6,
        answers_per_s=load.answers_per_s,
        p50_ms=load.latency_ms(0.5),
        p99_ms=load.latency_ms(0.99),
        memory_mib=memory_bytes(running.pid) / 2**20,
    )


def _spent(running: Running, database_pid: int | None) -> tuple[float, float]:
    return processor_s(running.pid), processor_s(database_pid) if database_pid else 0.0
