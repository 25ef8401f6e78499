"""Measures: every ``tests/bench/*.py`` yields figures, which leave here as JSON lines with versions and machine.

``make bench`` runs all; ``make bench ARGS="database sandbox"`` some. Lines go to standard output and ``bench/``.
"""

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from install import ROOT
from servers import ServerMissing, all_servers

FOLDER = ROOT / "tests" / "bench"
PACKAGES = ("shimin", "starlette", "strawberry-graphql", "tortoise-orm", "asyncpg", "redis", "wasmtime")


def main() -> int:
    """Run the benchmarks named on the command line, or all; exit 1 if one failed."""
    files = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
    names = sys.argv[1:] or list(files)
    if unknown := [name for name in names if name not in files]:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(files)}", file=sys.stderr)
        return 2
    about = describe()
    target = ROOT / "bench" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    target.parent.mkdir(exist_ok=True)
    failed = False
    try:
        with all_servers() as variables, target.open("w") as output:
            os.environ |= variables
            for name in names:
                for line in measured(name, files[name]):
                    failed |= "error" in line
                    text = json.dumps({"bench": name, **line, **about}, ensure_ascii=False)
                    print(text, flush=True)
                    output.write(text + "\n")
    except ServerMissing as missing:
        print(f"make bench: {missing}", file=sys.stderr)
        return 1
    print(f"wrote {target.relative_to(ROOT)}", file=sys.stderr)
    return int(failed)


def measured(name: str, path: Path) -> Iterator[dict[str, Any]]:
    """Yield what one benchmark measured; one that breaks is a line with an error, and the others still run."""
    print(f"bench: {name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield from load(path)
    except Exception as error:  # noqa: BLE001 - whatever broke belongs into the report
        yield {"error": f"{type(error).__name__}: {error}"}
    yield {"measure": "duration", "value": round(time.monotonic() - started, 2), "unit": "s"}


def load(path: Path) -> Iterable[dict[str, Any]]:
    """Import a benchmark by its path and return its figures as they come."""
    spec = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    figures: Iterable[dict[str, Any]] = module.run()
    return figures


def describe() -> dict[str, Any]:
    """Return what a figure needs beside it to be compared: the commit, versions, machine and time."""
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    processors = Path("/proc/cpuinfo")
    models = [line.partition(": ")[2] for line in processors.read_text().splitlines() if line.startswith("model name")]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": revision.stdout.strip(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "machine": {
            "cores": os.cpu_count(),
            "processor": models[0] if models else platform.machine(),
            "kernel": platform.release(),
        },
    }


if __name__ == "__main__":
    sys.exit(main())
