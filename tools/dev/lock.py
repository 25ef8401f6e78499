"""Writes ``requirements/*.txt`` anew from the ``pyproject.toml`` files: every version and hash, no registry's name.

``make lock`` runs it; ``make lock ARGS=--upgrade`` takes the newest versions that are at least a week old.
"""

import os
import subprocess
import sys
from pathlib import Path

from install import ROOT, VENV, uv_environment

AGE_MIN = "7 days"
"""A release that was poisoned is usually found within days."""
UV_VERSION = "0.13.8"
COMMON = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
    "--no-emit-index-url", "--no-emit-find-links", "--exclude-newer", AGE_MIN, "--no-emit-package", "shimin-sdk",
)  # fmt: skip
SETS = {
    "run": ("pyproject.toml", "--group", "build"),
    "test": ("pyproject.toml", "--group", "build", "--group", "test", "-c", "requirements/run.txt"),
    "sdk": ("sdk/pyproject.toml", "--extra", "cli", "-c", "requirements/run.txt"),
    "uv": ("-",),
}


def main() -> int:
    """Write each locked set; the smaller first, since the larger ones follow it."""
    pip: list[str | Path] = [VENV / "bin" / "python", "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, check=True, capture_output=True, text=True).stdout
    environment = uv_environment(listed, os.environ)
    for local in ("UV_FIND_LINKS", "UV_INDEX"):
        environment.pop(local, None)  # folders of packages tell no publish time, which AGE_MIN needs
    for name, sources in SETS.items():
        target = f"requirements/{name}.txt"
        command: list[str | Path] = [
            VENV / "bin" / "uv",
            "pip",
            "compile",
            "--quiet",
            *sources,
            *COMMON,
            *sys.argv[1:],
            "-o",
            target,
        ]
        subprocess.run(command, check=True, cwd=ROOT, env=environment, text=True, input=f"uv=={UV_VERSION}\n")
        print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
