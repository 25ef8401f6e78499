"""A domain is entered through its package root, by everybody.

Which layer may import which is import-linter's to check: pyproject.toml.
"""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from test_house import DOMAINS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("shimin", "shimin_graphql", "shimin_sdk", cache_dir=None)


def test_a_domain_is_entered_through_its_front_door(graph: grimp.ImportGraph) -> None:
    inner = {module for domain in DOMAINS for module in graph.find_descendants(f"shimin.{domain}")}
    wrong = [
        f"{importer} -> {module}"
        for module in sorted(inner)
        for importer in sorted(graph.find_modules_that_directly_import(module))
        if importer.split(".")[:2] != module.split(".")[:2]
    ]
    assert wrong == []


def test_nobody_imports_the_mini_apps(graph: grimp.ImportGraph) -> None:
    """The platform loads signed packages, even its own."""
    folder_names = {path.name.replace("-", "_") for path in (ROOT / "miniapps").iterdir() if path.is_dir()}
    assert {module for module in graph.modules if module.split(".")[0] in folder_names} == set()


@pytest.mark.parametrize("module", ["shimin.cli", "shimin_graphql.asgi"])
def test_the_process_that_serves_never_loads_the_sandbox_engine(module: str) -> None:
    """A fault in the WebAssembly engine can then only end a runner."""
    program = f"import sys, {module}; sys.exit('wasmtime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_guest_api_needs_nothing_but_python() -> None:
    """What a department's code imports runs where no library is."""
    program = (
        "import sys; before = set(sys.modules); import shimin_sdk, shimin_sdk.app, shimin_sdk.errors, shimin_sdk.money;"
        "names = {name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names - {'shimin_sdk'};"
        "print(names); sys.exit(bool(names))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
