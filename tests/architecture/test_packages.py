"""The two distributions hold what they promise and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from test_house import ROOT


def built(folder: Path, target: Path) -> set[str]:
    """Build a wheel without any registry and return the names in it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    ("folder", "packages", "needed"),
    [
        (".", {"shimin", "shimin_graphql"}, {"shimin/kit/texts.toml", "shimin/py.typed", "shimin_graphql/asgi.py"}),
        ("sdk", {"shimin_sdk"}, {"shimin_sdk/wit/shimin.wit", "shimin_sdk/py.typed"}),
    ],
)
def test_a_wheel_holds_its_packages_and_their_data(
    folder: str, packages: set[str], needed: set[str], tmp_path: Path
) -> None:
    names = built(ROOT / folder, tmp_path)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    assert needed - names == set()
    committed_data = {
        str(path.relative_to(ROOT / root))
        for root in (("core", "graphql") if folder == "." else ("sdk",))
        for path in (ROOT / root).glob("shimin*/**/texts.toml")
    }
    assert committed_data - names == set()
