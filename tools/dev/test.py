"""Proves the whole project: servers up, checks, then every test on SQLite and on PostgreSQL, servers down.

``make test`` and ``.ci/run`` run it. Tests run side by side, one process a core, and those that measure time by
themselves afterwards. Arguments go to pytest, which then runs in one process:
``make test ARGS="tests/unit/ledger -x"``.
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping

from check import check
from install import ROOT, VENV
from servers import REDIS_VARIABLE, ServerMissing, all_servers

PROCESSES_MAX = 4
"""More would meet at PostgreSQL."""


def main() -> int:
    """Run checks and tests; exit 0 only if all of them passed and no server was missing."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with all_servers() as variables:
            failed = check(within_tests=True)
            runs = [sys.argv[1:]] if sys.argv[1:] else [["-m", "not alone", *_side_by_side()], ["-m", "alone"]]
            ended = [_run_tests(arguments, variables) for arguments in runs]
            tested = next((code for code in ended if code), 0)
    except ServerMissing as missing:
        print(f"make test: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if failed:
        print(f"make test: the tests ended with {tested}, and these checks failed: {', '.join(failed)}")
    return tested or int(bool(failed))


def _side_by_side() -> list[str]:
    """Return pytest's options for one process a core; a single Redis that was given cannot be shared."""
    given = REDIS_VARIABLE in os.environ
    return [] if given else ["--numprocesses", str(min(os.cpu_count() or 1, PROCESSES_MAX)), "--dist", "loadgroup"]


def _run_tests(arguments: list[str], variables: Mapping[str, str]) -> int:
    command = [str(VENV / "bin" / "python"), "-m", "pytest", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env={**_one_order(), **os.environ, **variables}).returncode


def _one_order() -> dict[str, str]:
    """Give every process of a run one order of sets, told so that the run can be repeated, and another run another one.

    Processes that name a test differently stop before its first line.
    """
    seed = str(random.randrange(2**32))  # noqa: S311 - it protects nothing
    if "PYTHONHASHSEED" not in os.environ:
        print(f"make test: PYTHONHASHSEED={seed}", flush=True)
    return {"PYTHONHASHSEED": seed}


if __name__ == "__main__":
    sys.exit(main())
