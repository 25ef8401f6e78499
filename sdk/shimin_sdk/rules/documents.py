"""Rule: used documents are declared, declared ones are used, and each file holds one named operation."""

import ast
from collections.abc import Iterator

from shimin_sdk.call import REQUEST_PAYMENT
from shimin_sdk.findings import Finding
from shimin_sdk.pack.embed import declared_documents
from shimin_sdk.pack.manifest import MANIFEST
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.graphql_outline import NotGraphQL, outline
from shimin_sdk.rules.named_files import line_naming
from shimin_sdk.rules.sources import trees

FOLDER, ENDING = "operations/", ".graphql"


def used_documents(package: Package) -> Iterator[tuple[str, str, int]]:
    """Return each document that the server code names: path, file and line."""
    for name, tree in trees(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if node.value.startswith(FOLDER) and node.value.endswith(ENDING):
                    yield node.value, name, node.lineno
            elif isinstance(node, ast.Call) and _asks_for_payment(node):
                yield REQUEST_PAYMENT, name, node.lineno


def _asks_for_payment(node: ast.Call) -> bool:
    """Recognise ``….payments.request(…)`` without a document of its own."""
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "request"
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "payments"
        and all(keyword.arg != "document" for keyword in node.keywords)
    )


def documents_are_declared(package: Package) -> Iterator[Finding]:
    """Find documents that are used or present without being declared, declared twice or in vain, or malformed."""
    declared = declared_documents(package.manifest)
    used = set()
    for path, name, line in used_documents(package):
        used.add(path)
        if path not in declared:
            yield Finding("E_DOC_UNDECLARED", name, line, {"path": path})
    for path in sorted(set(declared)):
        line = line_naming(package, path)
        if declared.count(path) > 1:
            yield Finding("E_DOC_TWICE", MANIFEST, line, {"path": path})
        if path not in used:
            yield Finding("W_DOC_UNUSED", MANIFEST, line, {"path": path})
    for name, data in package.files.items():
        if name.startswith(FOLDER):
            if name not in declared:
                yield Finding("E_DOC_STRAY", name)
            yield from _shape(name, data)


def _shape(name: str, data: bytes) -> Iterator[Finding]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        yield Finding("E_FILE_ENCODING", name)
        return
    try:
        operations = outline(text)
    except NotGraphQL as error:
        yield Finding("E_DOC_SYNTAX", name, error.line, {"reason": str(error)})
        return
    if len(operations) != 1 or not operations[0].name:
        yield Finding("E_DOC_SHAPE", name, 0, {"found": sum(1 for item in operations if item.name)})
