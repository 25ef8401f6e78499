"""Rule: server code parses, can be read by a reviewer, and asks for nothing that the sandbox does not have."""

import ast
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.sources import FILE_BYTES_MAX, tree_of

_STANDARD = (
    "__future__ abc base64 bisect calendar collections contextlib copy csv dataclasses datetime decimal difflib enum "
    "fractions functools hashlib heapq hmac html io itertools json math numbers operator random re secrets sqlite3 "
    "statistics string struct textwrap time types typing unicodedata uuid warnings zlib"
)
MODULES = frozenset({*_STANDARD.split(), "shimin_sdk"})
"""Modules that work in the sandbox and that a mini-app may use."""
DOTTED = frozenset({"urllib.parse"})
NOT_IN_GUEST = frozenset({"testing", "pack", "rules", "cli", "findings", "guest_entry"})
"""Parts of the SDK for the developer's machine."""
PLATFORM = frozenset({"shimin_entry", "shimin_package", "shimin_sdk", "wit_world", "poll_loop"})
"""Modules that the build puts beside the server code."""
HIDDEN_CODE = frozenset({"eval", "exec", "compile", "__import__", "globals", "breakpoint"})
INSIDES = frozenset({"__builtins__", "__globals__", "__code__", "__subclasses__", "__loader__", "__spec__"})


def python_is_plain(package: Package) -> Iterator[Finding]:
    """Find code that does not compile, runs hidden code, imports what is not there, or an entry without ``app``."""
    own = {
        PurePosixPath(name).relative_to("server").parts[0].removesuffix(".py")
        for name in package.files
        if name.startswith("server/")
    }
    for name, data in package.files.items():
        if not name.startswith("server/"):
            continue
        if len(data) > FILE_BYTES_MAX:
            yield Finding("E_FILE_BIG", name, 0, {"most": FILE_BYTES_MAX})
            continue
        yield from _module(name)
        tree = tree_of(data)
        if isinstance(tree, str):
            line, _, reason = tree.partition(":")
            yield Finding("E_CODE_SYNTAX", name, int(line), {"reason": reason})
            continue
        for node in ast.walk(tree):
            yield from _imports(node, name, own)
            yield from _hidden(node, name)
        if name == package.entry and not _defines_app(tree):
            yield Finding("E_CODE_NO_APP", name)


def _module(name: str) -> Iterator[Finding]:
    """Find a file that would stand in front of the platform's or Python's own module."""
    first = PurePosixPath(name).parts[1].removesuffix(".py")
    if first in PLATFORM or first in sys.stdlib_module_names or first.startswith("componentize_py"):
        yield Finding("E_CODE_MODULE", name, 0, {"module": first})


def _imports(node: ast.AST, name: str, own: set[str]) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        asked = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        asked = [f"{base}.{alias.name}" for alias in node.names] if base in {"shimin_sdk", "urllib"} else [base]
    else:
        return
    for module in asked:
        first, _, rest = module.partition(".")
        sdk_tool = first == "shimin_sdk" and rest.partition(".")[0] in NOT_IN_GUEST
        dotted = any(module == allowed or module.startswith(f"{allowed}.") for allowed in DOTTED)
        if sdk_tool or not (first in MODULES or first in own or dotted):
            yield Finding("E_CODE_IMPORT", name, getattr(node, "lineno", 0), {"module": module[:100]})


def _hidden(node: ast.AST, name: str) -> Iterator[Finding]:
    found = None
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in HIDDEN_CODE | INSIDES:
        found = node.id
    elif isinstance(node, ast.Attribute) and node.attr in INSIDES:
        found = node.attr
    if found:
        yield Finding("E_CODE_EVAL", name, getattr(node, "lineno", 0), {"call": found})


def _defines_app(tree: ast.Module) -> bool:
    """Return whether ``app`` is assigned or imported at the top level."""
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == "app" for alias in node.names):
            return True
        if any(isinstance(target, ast.Name) and target.id == "app" for target in targets):
            return True
    return False
