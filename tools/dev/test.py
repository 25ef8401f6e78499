"""Proves the whole project: servers up, checks, then every test on SQLite and on PostgreSQL, servers down.

``make test`` and ``.ci/run`` run it. Arguments go to pytest: ``make test ARGS="tests/unit/ledger -x"``.
"""

import os
import signal
import subprocess
import sys

from check import check
from install import ROOT, VENV
from servers import ServerMissing, all_servers


def main() -> int:
    """Run checks and tests; exit 0 only if all of them passed and no server was missing."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with all_servers() as variables:
            failed = check(within_tests=True)
            command = [str(VENV / "bin" / "python"), "-m", "pytest", *sys.argv[1:]]
            tested = subprocess.run(command, check=False, cwd=ROOT, env=os.environ | variables).returncode
    except ServerMissing as missing:
        print(f"make test: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if failed:
        print(f"make test: the tests ended with {tested}, and these checks failed: {', '.join(failed)}")
    return tested or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
