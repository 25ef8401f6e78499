"""The package's code as the rules read it: text by line, Python as a syntax tree."""

import ast
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from shimin_sdk.pack.package import Package


def texts_of(package: Package, *endings: str) -> Iterator[tuple[str, str]]:
    """Return the files with one of the endings, decoded; what is no UTF-8 is shown with marks in its place."""
    for name, data in package.files.items():
        if name.endswith(endings):
            yield name, data.decode("utf-8", "replace")


FILE_BYTES_MAX = 256 * 1024
"""Largest Python, HTML or SVG file: what a reviewer can read, and what parsers read in bounded time."""
FOUND_PER_FILE = 2_000
"""Nobody reads on, and counting lines for each of a million matches would take minutes."""


def places(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Return the line and match of each place where a pattern is found, at most ``FOUND_PER_FILE``."""
    line, counted = 1, 0
    for found in islice(pattern.finditer(text), FOUND_PER_FILE):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        yield line, found


@lru_cache(maxsize=256)
def tree_of(data: bytes) -> ast.Module | str:
    """Return Python code as a tree, or why it is none and on which line, as ``line:reason``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape is the developer's linter's business
            return ast.parse(data)
    except SyntaxError as error:
        return f"{error.lineno or 0}:{error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"0:{type(error).__name__}"


def trees(package: Package) -> Iterator[tuple[str, ast.Module]]:
    """Return the server code that parses."""
    for name, data in package.files.items():
        tree = tree_of(data) if name.startswith("server/") and len(data) <= FILE_BYTES_MAX else ""
        if isinstance(tree, ast.Module):
            yield name, tree


def operations_of(package: Package) -> dict[str, str]:
    """Return the operations that the server code defines: name and ``query`` or ``action``."""
    found = {}
    for _, tree in trees(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Attribute) and mark.attr in {"query", "action"}:
                        found[node.name] = mark.attr
    return found
