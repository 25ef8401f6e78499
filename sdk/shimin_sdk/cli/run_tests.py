"""Running a mini-app's tests in the developer's own Python: breakpoints work and nothing has to be built."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shimin_sdk.testing import load_app

NO_TESTS = 5
"""pytest's exit code when it found no test."""


@dataclass(frozen=True)
class Result:
    """How a run ended; ``cannot`` says why there was none, ``rehearsal`` why the build would fail."""

    passed: int = 0
    failed: int = 0
    rehearsal: str = ""
    cannot: str = ""
    then: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything passed."""
        return not (self.failed or self.rehearsal or self.cannot)


def run_tests(folder: Path, options: Sequence[str], *, quiet: bool) -> Result:  # noqa: PLR0911 - one for each end
    """Load the mini-app, rehearse it, and run the tests in its ``tests`` folder.

    Args:
        folder: the mini-app's folder.
        options: more options for pytest.
        quiet: keep standard output for the caller; pytest's goes to standard error, and only where a test failed.
    """
    if not (folder / "tests").is_dir():
        return Result(cannot=f"{folder} has no tests folder", then="add tests/test_….py; see: shimin-sdk new")
    if importlib.util.find_spec("pytest") is None:
        return Result(cannot="pytest is not installed", then="pip install pytest")
    try:
        load_app(folder).warm_up()
    except Exception as error:  # noqa: BLE001 - whatever the mini-app's code raises is its own to mend
        return Result(rehearsal=f"{type(error).__name__}: {error}")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", str(folder / "tests"), "--import-mode=importlib", "-q"]
        command += ["-p", "no:cacheprovider", f"--rootdir={folder}", "-c", os.devnull, f"--junitxml={report}", *options]
        done = subprocess.run(command, check=False, capture_output=quiet, text=True)  # noqa: S603 - this Python
        if quiet and done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
        if done.returncode == NO_TESTS:
            return Result(cannot=f"{folder / 'tests'} holds no test", then="name test functions test_…")
        if not report.exists():
            return Result(cannot="pytest could not start", then="read its message above")
        suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest wrote it just now
    counts = {
        name: int(suite.get(name, 0)) if suite is not None else 0 for name in ("tests", "failures", "errors", "skipped")
    }
    failed = counts["failures"] + counts["errors"]
    if done.returncode and not failed:
        return Result(cannot="pytest stopped early", then="read its message above")
    return Result(passed=counts["tests"] - failed - counts["skipped"], failed=failed)
