"""Build a mini-app's server code into a component, apart from the server and with an end in sight."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shimin.adapters.wasm.child import start_python
from shimin.adapters.wasm.engine import engine_name
from shimin.adapters.wasm.staging import SourceRefused, stage
from shimin.ports.sandbox import BuiltComponent, MiniAppBuildFailed

__all__ = ["BuiltComponent", "build_component"]

REASON_CHARS_MAX = 2_000
_REPORT = "report.json"


async def build_component(
    source_dir: Path,
    *,
    entry: str,
    work_dir: Path,
    timeout_s: float = 180,
    on_progress: Callable[[str], None] | None = None,
) -> BuiltComponent:
    """Build the package in ``source_dir``; its code runs only inside WebAssembly, in a child that is killed when late.

    Args:
        source_dir: the package's folder, read only.
        entry: the module that defines ``app``, such as ``server/app.py``.
        work_dir: gets ``component.wasm``, ``component.cwasm`` and ``report.json``; what else was in it is removed.
        timeout_s: for all steps together.
        on_progress: told each step as it begins: ``stage``, ``componentize``, ``inspect``, ``compile``, ``done``.

    Returns:
        The files and their digests. The compiled file is read-only.

    Raises:
        MiniAppBuildFailed: with the step and the last lines that the tool said.
    """
    tell = on_progress or (lambda _step: None)
    started = time.monotonic()
    tell("stage")
    try:
        work_dir, source_digest = await asyncio.to_thread(_prepare, source_dir, entry, work_dir)
    except SourceRefused as refused:
        raise MiniAppBuildFailed(step="stage", reason=str(refused)) from None
    await _run_child(work_dir, timeout_s, tell)
    report = json.loads((work_dir / _REPORT).read_text("utf-8"))
    await asyncio.to_thread(shutil.rmtree, work_dir / "stage")
    tell("done")
    return BuiltComponent(
        component=work_dir / "component.wasm",
        compiled=work_dir / "component.cwasm",
        source_digest=source_digest,
        component_digest=report["component_digest"],
        compiled_digest=report["compiled_digest"],
        engine=engine_name(),
        functions=report["functions"],
        imports=tuple(report["imports"]),
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def _prepare(source_dir: Path, entry: str, work_dir: Path) -> tuple[Path, str]:
    """Empty the working folder and lay out the source in it; return its full path and the source's digest."""
    work_dir = work_dir.resolve()
    work_dir.mkdir(parents=True, exist_ok=True)
    for name in ("component.wasm", "component.cwasm", "component.part", _REPORT, "build.log"):
        (work_dir / name).unlink(missing_ok=True)
    shutil.rmtree(work_dir / "stage", ignore_errors=True)
    return work_dir, stage(source_dir, entry, work_dir / "stage")


async def _run_child(work_dir: Path, timeout_s: float, tell: Callable[[str], None]) -> None:
    """Run the building process to its end, passing on its steps."""
    receive, send = os.pipe()
    steps: list[str] = ["start"]
    child: subprocess.Popen[bytes] | None = None
    try:
        with (work_dir / "build.log").open("wb") as log:
            child = await asyncio.to_thread(
                start_python, "shimin.adapters.wasm.build_main", [str(work_dir), str(send)],
                cwd=work_dir, inherit=[send], output=log, home=str(work_dir),
            )  # fmt: skip
        os.close(send)
        send = -1
        async with asyncio.timeout(timeout_s):
            await _follow(receive, steps, tell)
            status = await asyncio.to_thread(child.wait)
    except TimeoutError:
        raise MiniAppBuildFailed(step=steps[-1], reason=f"not finished within {timeout_s:g} s") from None
    finally:
        if send >= 0:
            os.close(send)
        os.close(receive)
        if child is not None:
            await asyncio.shield(asyncio.to_thread(_end, child))
    if status != 0:
        raise MiniAppBuildFailed(step=steps[-1], reason=_last_words(work_dir / "build.log", status))


async def _follow(receive: int, steps: list[str], tell: Callable[[str], None]) -> None:
    """Pass on each step until the child has ended."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(receive), "rb", buffering=0)
    )
    try:
        while line := await reader.readline():
            steps.append(line.decode().strip())
            tell(steps[-1])
    finally:
        transport.close()


def _end(child: subprocess.Popen[Any]) -> None:
    """Kill whatever is left of the child's group and take note of its end."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _last_words(log: Path, status: int) -> str:
    """Return the end of what the tools said, without where on this machine it happened."""
    said = log.read_bytes()[-4 * REASON_CHARS_MAX :].decode("utf-8", "replace").strip()
    said = said.replace(f"{log.parent}/stage/", "").replace(str(log.parent), "")
    return said[-REASON_CHARS_MAX:] or f"the building process ended with status {status}"
