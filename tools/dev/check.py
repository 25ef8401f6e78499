"""Runs everything that needs no server: format, lint, types, who imports whom, the image, generated pages.

``make check`` runs it; ``make test`` runs it before the tests. All steps run, so that one start shows all.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from install import ROOT, VENV


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it promises and the command that proves it."""

    title: str
    command: Sequence[str]
    speaks: bool = False
    """What it prints is worth reading where it succeeds, too."""


BIN = VENV / "bin"
STEPS = (
    Step("format", (f"{BIN}/ruff", "format", "--check", "--quiet", ".")),
    Step("lint", (f"{BIN}/ruff", "check", "--quiet", ".")),
    Step("types", (f"{BIN}/mypy",)),
    Step("imports", (f"{BIN}/lint-imports",)),
    Step("image", (f"{BIN}/hadolint", "Dockerfile")),
    Step("reference pages", (f"{BIN}/python", "tools/dev/reference.py", "--check")),
    Step("typed clients", (f"{BIN}/python", "tools/dev/clients.py", "--check")),
    Step("published schema", (f"{BIN}/python", "tools/dev/published.py"), speaks=True),
    Step("architecture", (f"{BIN}/python", "-m", "pytest", "-q", "--no-header", "tests/architecture", "tests/docs")),
)
ONLY_FAST = frozenset({"architecture"})
"""Steps that `make test` has within its tests."""


def check(*, within_tests: bool) -> list[str]:
    """Run the steps and return the titles of those that failed."""
    failed = []
    for step in STEPS:
        if within_tests and step.title in ONLY_FAST:
            continue
        started = time.monotonic()
        done = subprocess.run(
            step.command, check=False, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        took_s = time.monotonic() - started
        print(f"{'ok  ' if done.returncode == 0 else 'FAIL'}  {step.title:<16} {took_s:5.1f} s", flush=True)
        if done.returncode:
            failed.append(step.title)
        if (done.returncode or step.speaks) and done.stdout.strip():
            print(done.stdout.rstrip(), flush=True)
    return failed


def main() -> int:
    """Run every step; exit 1 if one failed."""
    failed = check(within_tests=False)
    print(f"make check: failed: {', '.join(failed)}" if failed else "make check: all good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
