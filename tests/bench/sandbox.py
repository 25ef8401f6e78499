"""The sandbox: instances, calls through the jailed runner, host calls, memory; with the tests' own guest, built."""

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox, sign_build
from shimin.ports.sandbox import BuiltComponent, Limits, MiniAppTimeout, ReleaseRef

GUEST = Path(__file__).parents[1] / "sandbox" / "guests" / "probe"
PACKAGE = f"sha256:{'c' * 64}"
TYPICAL = '{"today": "2026-11-23"}'
CALLS = 500
PAUSE_S = 0.01
HOST_CALLS = 50
GROWTH_INSTANCES = 1_500
SETTLE_S = 0.5
"""Until the instances ahead are made again."""


class Core:
    """Answers at once, so that only the sandbox is measured."""

    async def execute(self, document: str, variables: str) -> str:  # noqa: ARG002 - the port's signature
        """Answer both documents of the typical operation."""
        return '{"name": "李小龙（虚构）", "id": "pay_1"}'

    async def fetch(self, connector: str, request: str) -> str:  # noqa: ARG002
        """Answer what was asked."""
        return request

    async def log(self, level: str, message: str) -> None:
        """Drop the line."""


def run() -> Iterable[dict[str, Any]]:
    """Yield one line per figure; latencies are medians and 99th percentiles of single calls."""
    with tempfile.TemporaryDirectory() as folder:
        built = asyncio.run(build_component(GUEST, entry="server/app.py", work_dir=Path(folder) / "build"))
        yield line("build", built.duration_ms / 1000, "s")
        yield line("component", built.component.stat().st_size / 1e6, "MB")
        yield line("compiled", built.compiled.stat().st_size / 1e6, "MB")
        inside = subprocess.run(
            [sys.executable, __file__, str(built.compiled)], check=True, capture_output=True, text=True
        )
        for name, value in json.loads(inside.stdout).items():
            yield line(name, value, "ms")
        for name, value, unit in asyncio.run(measure(built, Path(folder))):
            yield line(name, value, unit)


def line(name: str, value: float, unit: str) -> dict[str, Any]:
    """Return a figure."""
    return {"measure": name, "value": round(value, 3), "unit": unit}


def percentiles(name: str, samples: list[float], unit: str) -> Iterator[tuple[str, float, str]]:
    """Yield the median and the 99th percentile."""
    ranked = sorted(samples)
    yield f"{name}_p50", ranked[len(ranked) // 2], unit
    yield f"{name}_p99", ranked[int(len(ranked) * 0.99)], unit


async def measure(built: BuiltComponent, folder: Path) -> list[tuple[str, float, str]]:
    """Measure what a caller in the server sees."""
    key = Ed25519PrivateKey.generate()

    async def load(_key: str) -> bytes:
        return built.compiled.read_bytes()

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
    figures: list[tuple[str, float, str]] = []
    async with WasmSandbox(work_dir=folder, load=load, verify=verify) as sandbox:
        await sandbox.warm(release, Limits())
        second = replace(release, release_id="rel_bench_2")
        started = time.perf_counter()
        await sandbox.warm(second, Limits())
        figures.append(("runner_boot", (time.perf_counter() - started) * 1e3, "ms"))
        figures += percentiles("prepared_single_use_typical", await paced(sandbox, release), "ms")
        figures += await saturated(sandbox, release)
        figures += percentiles("host_call", await host_calls(sandbox, release), "us")
        figures.append(("runaway_ends_after_limit", await runaway(sandbox, release), "ms"))
    return figures


async def paced(sandbox: WasmSandbox, release: ReleaseRef) -> list[float]:
    """Return how long calls take that come with a pause between them, in milliseconds."""
    samples = []
    for _ in range(CALLS):
        await asyncio.sleep(PAUSE_S)
        started = time.perf_counter()
        await sandbox.call(release, "typical", TYPICAL, host=Core(), limits=Limits())
        samples.append((time.perf_counter() - started) * 1e3)
    return samples


async def saturated(sandbox: WasmSandbox, release: ReleaseRef) -> list[tuple[str, float, str]]:
    """Return the rate without pauses, the runner's memory, and how it grows over many instances."""
    for _ in range(50):
        await sandbox.call(release, "typical", TYPICAL, host=Core(), limits=Limits())
    runner = sandbox.pids()[release.release_id]
    await asyncio.sleep(SETTLE_S)
    before, started = memory_kib(runner), time.perf_counter()
    for _ in range(GROWTH_INSTANCES):
        await sandbox.call(release, "typical", TYPICAL, host=Core(), limits=Limits())
    rate = GROWTH_INSTANCES / (time.perf_counter() - started)
    await asyncio.sleep(SETTLE_S)
    after = memory_kib(runner)
    return [
        ("single_use_calls_one_runner", rate, "1/s"),
        ("runner_pss", after["Pss"] / 1024, "MiB"),
        ("runner_private_dirty", after["Private_Dirty"] / 1024, "MiB"),
        ("growth_over_1500_instances", after["Private_Dirty"] - before["Private_Dirty"], "KiB"),
    ]


async def host_calls(sandbox: WasmSandbox, release: ReleaseRef) -> list[float]:
    """Return what one host call takes, from calls that do nothing else, in microseconds."""
    samples = []
    for _ in range(40):
        outcome = await sandbox.call(release, "pings", f'{{"times": {HOST_CALLS}}}', host=Core(), limits=Limits())
        samples.append(outcome.usage.wall_ms * 1e3 / HOST_CALLS)
    return samples


async def runaway(sandbox: WasmSandbox, release: ReleaseRef) -> float:
    """Return how long after its deadline a guest that loops forever is gone, in milliseconds."""
    limits = Limits(wall_ms=200, guest_ms=2_000)
    started = time.perf_counter()
    try:
        await sandbox.call(release, "loops", "{}", host=Core(), limits=limits)
    except MiniAppTimeout:
        return (time.perf_counter() - started) * 1e3 - limits.wall_ms
    raise AssertionError("it ended by itself")


def memory_kib(process: int) -> dict[str, int]:
    """Return what the kernel says of a process' memory."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (text.partition(":") for text in lines)}


def inside(compiled: str) -> dict[str, float]:
    """Return what instances cost inside a runner, measured in a process of its own."""
    import os  # noqa: PLC0415 - only here, in the child

    from shimin.adapters.wasm.channel import Channel  # noqa: PLC0415 - likewise
    from shimin.adapters.wasm.runner_main import Runner  # noqa: PLC0415 - loads the engine

    ours, theirs = socket.socketpair()
    runner = Runner(Channel(theirs), os.open(compiled, os.O_RDONLY), 48)
    runner.start_watchdog()
    made, prepared = [], []
    for _ in range(200):
        started = time.perf_counter()
        instance = runner._instantiate()
        made.append((time.perf_counter() - started) * 1e3)
        runner._prepare(instance)
        prepared.append((time.perf_counter() - started) * 1e3)
        instance.close()
    ours.close()
    return {"instantiate_p50": sorted(made)[100], "instantiate_and_prepare_p50": sorted(prepared)[100]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(inside(sys.argv[1])))
