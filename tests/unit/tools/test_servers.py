"""The servers of the tests end with the tests, however these end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from install import ROOT
from servers import POSTGRES_VARIABLE, REDIS_VARIABLE, quick_folder

GONE_WITHIN_S = 15.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a temporary folder that PostgreSQL's user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="shimin-servers-", dir=quick_folder()) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """Give an environment that names no server."""
    named = {POSTGRES_VARIABLE, REDIS_VARIABLE}
    return {key: value for key, value in os.environ.items() if key not in named} | {"TMPDIR": str(folder)}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_the_run(end: signal.Signals, environment: dict[str, str], folder: Path) -> None:
    command = [sys.executable, str(ROOT / "tools/dev/servers.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        addresses = [process.stdout.readline(), process.stdout.readline()]
        assert addresses[0].startswith(f"export {POSTGRES_VARIABLE}=postgres://")
        assert addresses[1].startswith(f"export {REDIS_VARIABLE}=redis://")
        started = psutil.Process(process.pid).children(recursive=True)
        assert {"postgres", "redis-server"} <= {child.name() for child in started}
        process.send_signal(end)
        process.wait(GONE_WITHIN_S)
    _, alive = psutil.wait_procs(started, timeout=GONE_WITHIN_S)
    assert alive == []
    if end is not signal.SIGKILL:
        assert list(folder.iterdir()) == []


def test_a_command_beside_the_servers_hands_on_its_exit_code(environment: dict[str, str]) -> None:
    started = time.monotonic()
    program = "import os, sys; sys.exit(7 if os.environ['SHIMIN_TEST_POSTGRES_URL'] else 1)"
    command = [sys.executable, str(ROOT / "tools/dev/servers.py"), sys.executable, "-c", program]
    done = subprocess.run(command, check=False, env=environment, capture_output=True)
    assert done.returncode == 7
    assert time.monotonic() - started < 60
