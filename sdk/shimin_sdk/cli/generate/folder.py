"""The documents of a mini-app's folder against the schema, and the module that is written from them."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath

from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError, build_schema, parse, validate

from shimin_sdk.cli.generate.python import MARK, write
from shimin_sdk.cli.generate.scopes import Reads, scopes_of
from shimin_sdk.cli.generate.shapes import Operation, UnclearOperationError, read_operation
from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack import Package, package_files
from shimin_sdk.rules.graphql_outline import NotGraphQL, outline

MODULE_FILE = "server/operations.py"
FOLDER, ENDING = "operations/", ".graphql"
ERRORS_PER_DOCUMENT_MAX = 20


@cache
def platform_schema() -> GraphQLSchema:
    """Return the schema of the platform that this SDK belongs to."""
    text = (resources.files("shimin_sdk.cli.generate") / "schema.graphql").read_text("utf-8")
    return build_schema(text, assume_valid=True)


def documents_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of the documents by their path, sorted; one that is no UTF-8 is left to the other rules."""
    found: dict[str, str] = {}
    for name in sorted(files):
        if name.startswith(FOLDER) and name.endswith(ENDING):
            try:
                found[name] = files[name].decode("utf-8")
            except UnicodeDecodeError:
                continue
    return found


def _parsed(name: str, text: str) -> DocumentNode:
    """Return a document as a tree; one that is too long or nests too deeply is refused before it is parsed."""
    try:
        outline(text)
        return parse(text)
    except (NotGraphQL, GraphQLSyntaxError) as error:
        raise UnclearOperationError(f"{name}: {error}") from None


def check_documents(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Find what in the documents does not fit the platform's schema, each with its line."""
    for name, text in documents_of(files).items():
        try:
            errors = validate(platform_schema(), _parsed(name, text), max_errors=ERRORS_PER_DOCUMENT_MAX)
        except UnclearOperationError:
            continue  # the rules say so already, as E_DOC_SYNTAX
        for error in errors:
            line = error.locations[0].line if error.locations else 0
            yield Finding("E_DOC_SCHEMA", name, line, {"reason": error.message[:300].rstrip(".")})


def wanted_text(files: Mapping[str, bytes]) -> str:
    """Return what ``server/operations.py`` should say.

    Raises:
        UnclearOperationError: a document does not fit the schema, or leaves open what an answer is.
    """
    schema = platform_schema()
    operations: list[Operation] = []
    for name, text in documents_of(files).items():
        _parsed(name, text)
        operations.append(read_operation(schema, PurePosixPath(name).stem, text))
    return write(schema, operations)


def is_written(files: Mapping[str, bytes]) -> bool:
    """Return whether the folder has a module that is written from its documents."""
    return MARK.encode() in files.get(MODULE_FILE, b"")


def generate(folder: Path) -> bool:
    """Write ``server/operations.py``; return whether it said something else before.

    Raises:
        UnclearOperationError: a document does not fit the schema, or leaves open what an answer is.
        FileExistsError: the file is there and was written by hand.
        FileNotFoundError: the folder has no ``manifest.json``.
        PackageError: the folder holds what no package may.
    """
    files = package_files(folder)
    if MODULE_FILE in files and not is_written(files):
        raise FileExistsError(MODULE_FILE)
    text = wanted_text(files)
    if files.get(MODULE_FILE) == text.encode():
        return False
    target = folder / MODULE_FILE
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, "utf-8")
    return True


def reads_of(package: Package) -> dict[str, Reads]:
    """Return what each declared document reads of a person, by its path.

    Raises:
        PackageError: a document is missing, or does not fit the schema.
    """
    schema = platform_schema()
    findings = list(check_documents(package.files))
    if findings:
        raise PackageError(findings)
    found: dict[str, Reads] = {}
    for item in package.documents:
        try:
            scopes = scopes_of(schema, _parsed(item.path, item.text))
        except UnclearOperationError as error:
            raise PackageError([Finding("E_DOC_SYNTAX", item.path, 0, {"reason": str(error)})]) from None
        found[item.path] = Reads(item.path, item.required, item.purpose, item.retention, scopes)
    return found
