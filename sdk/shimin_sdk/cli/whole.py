"""Everything that ``check`` finds: the platform's own rules, and what needs the schema or the developer's folder."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from shimin_sdk.cli.generate import MODULE_FILE, UnclearOperationError, check_documents, is_written, wanted_text
from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack import Package, from_files, package_files, read
from shimin_sdk.pack.archive import ARCHIVE_BYTES_MAX
from shimin_sdk.pack.embed import declared_documents
from shimin_sdk.pack.manifest import MANIFEST
from shimin_sdk.rules import check_package
from shimin_sdk.rules.documents import used_documents
from shimin_sdk.rules.named_files import line_naming
from shimin_sdk.rules.sources import tree_of, trees


def check_path(path: Path) -> list[Finding]:
    """Return the findings of a mini-app's folder or of a packed file, by file and line.

    Raises:
        FileNotFoundError: a folder without ``manifest.json``.
    """
    try:
        return check_whole(package_at(path))
    except PackageError as error:
        return list(error.findings)


def package_at(path: Path) -> Package:
    """Return the package of a folder or of a packed file.

    Raises:
        PackageError: what the platform would refuse to read.
        FileNotFoundError: a folder without ``manifest.json``.
    """
    if not path.is_file():
        return from_files(package_files(path))
    size_bytes = path.stat().st_size
    if size_bytes > ARCHIVE_BYTES_MAX:
        raise PackageError([Finding("E_SIZE_ARCHIVE", "", 0, {"most": ARCHIVE_BYTES_MAX, "found": size_bytes})])
    return read(path.read_bytes())


def check_whole(package: Package) -> list[Finding]:
    """Return what the rules find in a package, what the schema says of its documents, and if its types are fresh."""
    found = [*check_package(package), *check_documents(package.files), *_types_are_fresh(package), *_unused(package)]
    unique: Iterable[Finding] = {
        (item.code, item.file, item.line, *item.params.items()): item for item in found
    }.values()
    return sorted(unique, key=lambda item: (item.file, item.line, item.code))


def _types_are_fresh(package: Package) -> Iterator[Finding]:
    """Find a ``server/operations.py`` that no longer says what the documents say."""
    if not is_written(package.files):
        return
    try:
        wanted = wanted_text(package.files)
    except UnclearOperationError as error:
        yield Finding("E_DOC_TYPES", MODULE_FILE, 0, {"reason": str(error)})
        return
    if package.files[MODULE_FILE] != wanted.encode():
        yield Finding("E_OPERATIONS_STALE", MODULE_FILE)


def _unused(package: Package) -> Iterator[Finding]:
    """Find declared documents that only the written module names: no handler runs them."""
    if not is_written(package.files):
        return
    others = Package({name: data for name, data in package.files.items() if name != MODULE_FILE}, package.manifest)
    used = {path for path, _, _ in used_documents(others)}
    named = {name for _, tree in trees(others) for name in _taken_from_types(tree)}
    tree = tree_of(package.files[MODULE_FILE])
    if isinstance(tree, str):
        return  # the rules say already that it does not parse
    for path in sorted(set(declared_documents(package.manifest)) - used):
        if not _classes_of(tree, path) & named:
            yield Finding("W_DOC_UNUSED", MANIFEST, line_naming(package, path), {"path": path})


def _taken_from_types(tree: ast.Module) -> Iterator[str]:
    """Return what a module takes from the written one: ``operations.X`` and ``from operations import X``."""
    module = Path(MODULE_FILE).stem
    known = {module}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname for alias in node.names if alias.name == module and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (alias.name for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            yield node.attr


def _classes_of(tree: ast.Module, path: str) -> set[str]:
    """Return what the written module calls the operation of a document."""
    found: set[str] = set()
    for node in tree.body:
        holds = any(isinstance(part, ast.Constant) and part.value == path for part in ast.walk(node))
        if holds and isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif holds and isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return found
