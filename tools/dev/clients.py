"""Writes the typed clients under ``clients/`` from the reference mobile client's operations and the schema.

``make clients`` runs it; with ``--check`` it only says what is stale, and exits 1. The texts of the operations are what
the platform trusts by hash, so each operation in a client carries the hash of exactly the text that is registered.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from graphql import GraphQLSchema, build_schema

import client_python
import client_typescript
from install import ROOT, VENV
from reference import graphql_schema
from shimin_sdk.cli.generate.shapes import Operation, UnclearOperationError, read_operation

OPERATIONS = ROOT / "graphql" / "shimin_graphql" / "operations"
PYTHON = ROOT / "clients" / "python" / "shimin_client"
TYPESCRIPT = ROOT / "clients" / "typescript" / "src"


def read_operations(schema: GraphQLSchema, folder: Path = OPERATIONS) -> list[Operation]:
    """Return what clients need of every operation in a folder, by the names of their files."""
    return [read_operation(schema, path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.graphql"))]


def written() -> dict[Path, str]:
    """Return every file of the clients that is written by this program, with what it should say."""
    schema = build_schema(graphql_schema())
    operations = read_operations(schema)
    python = _formatted(client_python.write(schema, operations))
    typescript = client_typescript.write(schema, operations)
    return {PYTHON / name: text for name, text in python.items()} | {
        TYPESCRIPT / name: text for name, text in typescript.items()
    }


def _formatted(modules: dict[str, str]) -> dict[str, str]:
    """Return Python modules in the house's format."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in modules.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        ruff = VENV / "bin" / "ruff"
        settings = ("--quiet", "--no-cache", "--config", ROOT / "pyproject.toml")
        subprocess.run([ruff, "check", "--fix", "--select=I", *settings, folder], check=True)
        subprocess.run([ruff, "format", *settings, folder], check=True)
        return {path: (folder / path).read_text("utf-8") for path in modules}


def stale(texts: dict[Path, str]) -> list[Path]:
    """Return the files that are missing, say something else, or belong to no operation any more."""
    differ = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    folders = (PYTHON / "operations", TYPESCRIPT / "operations")
    kept = {path for folder in folders if folder.exists() for path in folder.iterdir() if path.suffix in {".py", ".ts"}}
    return sorted([*differ, *(kept - texts.keys())])


def main() -> int:
    """Write the clients, or check them."""
    try:
        texts = written()
    except UnclearOperationError as unclear:
        print(f"clients: {unclear}")
        return 1
    old = stale(texts)
    if "--check" in sys.argv[1:]:
        if old:
            print(f"stale: {', '.join(str(path.relative_to(ROOT)) for path in old)}; run: make clients")
        return int(bool(old))
    for path in old:
        if path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
        else:
            path.unlink()
            print(f"removed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
