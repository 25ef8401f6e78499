"""What a call into the sandbox costs beside the same handler called in this process, on one core, in rounds."""

import asyncio
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox, sign_build
from shimin.ports.sandbox import BuiltComponent, Limits, MiniAppTimeout, Outcome, ReleaseRef

GUEST = Path(__file__).parents[2] / "sandbox" / "guests" / "probe"
PACKAGE = f"sha256:{'c' * 64}"
TYPICAL = '{"today": "2026-11-23"}'
PAUSE_S = 0.01
HOST_CALLS = 50
HOST_CALL_CALLS = 20
SETTLE_S = 0.5
"""Until the instances ahead are made again."""
AHEAD_LESS, AHEAD_MORE = 1, 8
IDLE_S = 4.0
ANSWER = '{"name": "李小龙（虚构）", "id": "pay_1"}'
"""Fits both documents of the typical operation."""
Tell = Callable[[str], None]
"""Told each step as it begins."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one round."""

    name: str
    """A key of ``targets.MEASURES``."""
    value: float
    round: int = 0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int = 5
    calls: int = 300
    """Single calls of each kind in each round."""
    instances: int = 1_500
    """Instances in a row over which memory must not grow."""
    apps: int = 200
    """Registered mini-apps of which none is in use in the end."""


class Core:
    """Answers at once, so that only the sandbox is measured."""

    async def execute(self, document: str, variables: str) -> str:  # noqa: ARG002 - the port's signature
        """Answer both documents of the typical operation."""
        return ANSWER

    async def fetch(self, connector: str, request: str) -> str:  # noqa: ARG002
        """Answer what was asked."""
        return request

    async def ask(self, service: str, request: str) -> str:  # noqa: ARG002
        """Answer what was asked."""
        return request

    async def log(self, level: str, message: str) -> None:
        """Drop the line."""


class NativeCore:
    """The same answers for a handler that runs in this process."""

    def execute(self, document: str, variables: str) -> str:  # noqa: ARG002
        """Answer both documents of the typical operation."""
        return ANSWER


@dataclass(slots=True)
class Walls:
    """A sandbox with one signed release of the guest."""

    sandbox: WasmSandbox
    release: ReleaseRef

    async def ask(self, operation: str = "typical", data: str = TYPICAL, limits: Limits | None = None) -> Outcome:
        """Call the guest."""
        return await self.sandbox.call(self.release, operation, data, host=Core(), limits=limits or Limits())

    @property
    def process(self) -> int:
        """The runner's process."""
        return self.sandbox.pids()[self.release.release_id]


def stay_on_one_core() -> None:
    """Keep this process, and every process that it starts from here on, on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


async def build(folder: Path, tell: Tell) -> BuiltComponent:
    """Build the guest as the platform does."""
    return await build_component(GUEST, entry="server/app.py", work_dir=folder / "build", on_progress=tell)


@asynccontextmanager
async def open_walls(built: BuiltComponent, folder: Path, **options: Any) -> AsyncIterator[Walls]:
    """Open a sandbox that trusts this build."""
    key = Ed25519PrivateKey.generate()

    async def load(_key: str) -> bytes:
        return await asyncio.to_thread(built.compiled.read_bytes)

    def verify(data: bytes, signature: bytes) -> bool:
        key.public_key().verify(signature, data)
        return True

    release = ReleaseRef(
        app_id="linhai.bench.probe",
        release_id="rel_bench",
        package_digest=PACKAGE,
        component_digest=built.component_digest,
        compiled_key="",
        compiled_digest=built.compiled_digest,
        engine=built.engine,
        signature=sign_build(built, PACKAGE, key.sign),
    )
    async with WasmSandbox(work_dir=folder, load=load, verify=verify, **options) as sandbox:
        yield Walls(sandbox, release)


async def measure(built: BuiltComponent, folder: Path, size: Size, tell: Tell) -> list[Sample]:
    """Measure everything that happens behind the walls."""
    found: list[Sample] = []
    native = native_handler()
    async with open_walls(built, folder) as walls:
        await walls.sandbox.warm(walls.release, Limits())
        await prove_equal(walls, native)
        for number in range(size.rounds):
            tell(f"round {number + 1} of {size.rounds}")
            found += [replace(sample, round=number) for sample in await one_round(walls, native, size)]
        tell("memory")
        found += await memory(walls, size)
    found.append(Sample("instance_memory", await instance_memory(built, folder)))
    found += inside(built)
    tell("idle")
    return found + await idle(built, folder, size)


def native_handler() -> Callable[[], str]:
    """Return the guest's own handler, loaded into this process, from JSON text to JSON text."""
    sys.path.insert(0, str(GUEST / "server"))
    core, typical = NativeCore(), importlib.import_module("app").typical
    return lambda: json.dumps(typical(json.loads(TYPICAL), core), ensure_ascii=False)


async def prove_equal(walls: Walls, native: Callable[[], str]) -> None:
    """Refuse to compare what does not answer the same."""
    inside_walls = json.loads((await walls.ask()).output)
    if inside_walls != json.loads(native()):
        message = "the guest and the native handler answer differently"
        raise AssertionError(message)


async def one_round(walls: Walls, native: Callable[[], str], size: Size) -> list[Sample]:
    """Measure once, both ways in turn: call by call, without pauses, at the border, and a guest that never ends."""
    inner, outer = [], []
    for _ in range(size.calls):
        await asyncio.sleep(PAUSE_S)
        inner.append(timed(native))
        await asyncio.sleep(PAUSE_S)
        started = time.perf_counter()
        await walls.ask()
        outer.append((time.perf_counter() - started) * 1e3)
    started = time.perf_counter()
    for _ in range(size.calls):
        await walls.ask()
    rate = size.calls / (time.perf_counter() - started)
    at_border = [
        (await walls.ask("pings", f'{{"times": {HOST_CALLS}}}')).usage.wall_ms * 1e3 / HOST_CALLS
        for _ in range(HOST_CALL_CALLS)
    ]
    return [
        *percentiles("native", inner),
        *percentiles("call", outer),
        Sample("times_native", statistics.median(outer) / statistics.median(inner)),
        Sample("calls_per_s", rate),
        Sample("host_call", statistics.median(at_border)),
        Sample("runaway", await runaway(walls)),
    ]


def timed(run: Callable[[], str]) -> float:
    """Return what one call took, in milliseconds."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1e3


def percentiles(name: str, samples: list[float]) -> Iterator[Sample]:
    """Yield the median and the 99th percentile."""
    ranked = sorted(samples)
    yield Sample(f"{name}_p50", statistics.median(ranked))
    yield Sample(f"{name}_p99", ranked[int(len(ranked) * 0.99)])


async def runaway(walls: Walls) -> float:
    """Return how long after its deadline a guest that loops forever is gone, in milliseconds."""
    limits = Limits(wall_ms=200, guest_ms=2_000)
    started = time.perf_counter()
    try:
        await walls.ask("loops", "{}", limits)
    except MiniAppTimeout:
        return (time.perf_counter() - started) * 1e3 - limits.wall_ms
    raise AssertionError("it ended by itself")


async def memory(walls: Walls, size: Size) -> list[Sample]:
    """Return what a runner holds, and how that grows over many instances."""
    for _ in range(50):
        await walls.ask()
    await asyncio.sleep(SETTLE_S)
    before = memory_kib(walls.process)
    for _ in range(size.instances):
        await walls.ask()
    await asyncio.sleep(SETTLE_S)
    after = memory_kib(walls.process)
    return [
        Sample("runner_memory", after["Pss"] / 1024),
        Sample("growth", after["Private_Dirty"] - before["Private_Dirty"]),
    ]


async def instance_memory(built: BuiltComponent, folder: Path) -> float:
    """Return the private memory of one prepared instance in MiB: runners that hold many and few, compared."""
    held: dict[int, int] = {}
    for ahead in (AHEAD_LESS, AHEAD_MORE):
        async with open_walls(built, folder, ahead=ahead) as walls:
            await walls.ask()
            await asyncio.sleep(SETTLE_S)
            held[ahead] = memory_kib(walls.process)["Private_Dirty"]
    return (held[AHEAD_MORE] - held[AHEAD_LESS]) / (AHEAD_MORE - AHEAD_LESS) / 1024


async def idle(built: BuiltComponent, folder: Path, size: Size) -> list[Sample]:
    """Call many mini-apps once each, then leave them alone: what remains of them, and what a first call waits for."""
    first: list[float] = []
    async with open_walls(built, folder, idle_s=IDLE_S) as walls:
        await walls.ask()
        before = memory_kib(os.getpid())["Private_Dirty"]
        most = 0
        for number in range(size.apps):
            walls.release = replace(walls.release, release_id=f"rel_{number}", app_id=f"linhai.bench.app{number}")
            started = time.perf_counter()
            await walls.ask()
            first.append((time.perf_counter() - started) * 1e3)
            most = max(most, len(walls.sandbox.pids()))
        await asyncio.sleep(2 * IDLE_S)
        after = memory_kib(os.getpid())["Private_Dirty"]
        left = len(walls.sandbox.pids())
    return [
        *percentiles("first_call", first),
        Sample("runners_most", most),
        Sample("runners_idle", left),
        Sample("idle_memory", (after - before) / size.apps),
    ]


def memory_kib(process: int) -> dict[str, int]:
    """Return what the kernel says of a process' memory."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (text.partition(":") for text in lines)}


def inside(built: BuiltComponent) -> list[Sample]:
    """Return what making an instance costs, measured within a process of its own."""
    script = Path(__file__).with_name("instances.py")
    ran = subprocess.run([sys.executable, script, str(built.compiled)], check=True, capture_output=True, text=True)
    return [Sample(name, value) for name, value in json.loads(ran.stdout).items()]
