"""The shape of the house: what lies where, under which name, and how big it may grow."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAIN_FOLDERS = ("core", "graphql", "sdk", "clients", "miniapps", "tests", "tools", "docs", "requirements")
ALLOWED = {"tests/conftest.py"}
DOMAINS = (
    "audit",
    "catalogue",
    "connectors",
    "consent",
    "departments",
    "documents",
    "exchange",
    "identity",
    "ledger",
    "messages",
    "payments",
    "people",
    "releases",
    "store",
    "vault",
)
SHAPE = ("__init__.py", "README.md", "errors.py", "model.py", "texts.toml")
HIDING_NAMES = {"service.py", "services.py", "utils.py", "util.py", "helpers.py", "manager.py", "common.py", "misc.py"}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
WRITTEN_BY_MACHINES = ("core/shimin/db/migrations/0",)


@cache
def committed() -> tuple[Path, ...]:
    """Return every file under version control, and every new one that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - found on PATH
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return tuple(path for name in sorted(filter(None, listed.stdout.split("\0"))) if (path := ROOT / name).is_file())


def own_python() -> list[Path]:
    """Return the Python files that people write."""
    return [
        path
        for path in committed()
        if path.suffix == ".py" and not str(path.relative_to(ROOT)).startswith(WRITTEN_BY_MACHINES)
    ]


def test_the_root_and_the_top_level_folders_hold_no_python() -> None:
    """A package ``./graphql`` would shadow graphql-core for whoever starts Python here."""
    found = [
        str(path.relative_to(ROOT))
        for folder in (ROOT, *(ROOT / name for name in PLAIN_FOLDERS))
        for path in folder.glob("*.py")
    ]
    assert set(found) <= ALLOWED


def test_every_top_level_folder_is_known() -> None:
    """A new top-level folder is a decision: docs/adr/0002."""
    folders = {path.relative_to(ROOT).parts[0] for path in committed() if len(path.relative_to(ROOT).parts) > 1}
    assert folders - {".ci"} == set(PLAIN_FOLDERS)


def test_every_folder_of_tables_is_a_domain() -> None:
    with_tables = {path.parent.name for path in (ROOT / "core/shimin").glob("*/rows.py")}
    assert with_tables <= set(DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_the_one_shape(domain: str) -> None:
    folder = ROOT / "core" / "shimin" / domain
    needed = {*SHAPE, *(("views.py",) if (folder / "rows.py").exists() else ())}
    assert needed - {path.name for path in folder.iterdir()} == set()


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_front_door_of_a_domain_only_re_exports(domain: str) -> None:
    """What ``__init__.py`` offers is imported and listed; it holds no code of its own."""
    tree = ast.parse((ROOT / "core" / "shimin" / domain / "__init__.py").read_text("utf-8"))
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    strays = [ast.unparse(node)[:80] for node in rest if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign))]
    assert strays == []
    names = [target.id for node in rest if isinstance(node, ast.Assign) for target in node.targets]  # type: ignore[attr-defined]
    assert names == ["__all__"]


def test_every_table_is_known_to_the_assembly() -> None:
    from shimin.assembly import MODELS  # noqa: PLC0415 - loads every adapter

    found = {f"shimin.{path.parent.name}.rows" for path in (ROOT / "core/shimin").glob("*/rows.py")}
    assert set(MODELS) == found


def test_no_file_hides_behind_its_name() -> None:
    assert [str(path.relative_to(ROOT)) for path in own_python() if path.name in HIDING_NAMES] == []


def test_no_file_has_outgrown_its_purpose() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in own_python()}
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_has_outgrown_its_purpose() -> None:
    too_long = {}
    for path in own_python():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    too_long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines
    assert too_long == {}
