"""What processes cost: processor time and memory from the operating system's accounting, and where they may run."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Places:
    """Which cores whom: the server has one of its own; who asks and the database share where there are only two."""

    server: frozenset[int]
    asking: frozenset[int]
    database: frozenset[int]

    @classmethod
    def choose(cls) -> "Places":
        """Share out the cores that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        server, asking = cores[0], cores[min(1, len(cores) - 1)]
        return cls(frozenset({server}), frozenset({asking}), frozenset(cores[2:] or {asking}))

    def __str__(self) -> str:
        names = {"server": self.server, "load generator": self.asking, "database": self.database}
        return "; ".join(f"{name} on core {','.join(map(str, sorted(cores)))}" for name, cores in names.items())


def pin(pid: int, cores: frozenset[int]) -> None:
    """Keep a process, its threads and its children on these cores; later ones inherit that."""
    for process in _family(pid):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cores)


def processor_s(pid: int) -> float:
    """Return the processor time of a process and everything it started, in seconds; ended children included."""
    total = 0.0
    for process in _family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    total = 0
    for process in _family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def parent_of(pid: int) -> int | None:
    """Return the process that started this one, if it is on this machine."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(psutil.Process(pid).ppid())
    return None


def _family(pid: int) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    yield from process.children(recursive=True)
