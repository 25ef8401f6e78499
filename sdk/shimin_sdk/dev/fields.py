"""Which fields a GraphQL document reads, as far as its own text says: the leaves of its selections, by path."""

import re
from collections.abc import Iterator

_PART = re.compile(r"#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|\.\.\.|[A-Za-z_]\w*|[{}()\[\]:$@!=]")
_END = ","
"""Ends a selection; GraphQL itself takes commas for blanks."""


def fields_of(document: str) -> list[str]:
    """Return the leaves of a document's selections as dotted paths, in order, each once.

    An alias is left out, since it names no field; what a fragment selects is named from the fragment's own root.
    """
    path: list[str] = []
    last = ""
    found: dict[str, None] = {}
    for part in _selections(document):
        if part == "{":
            path.append(last)
            last = ""
            continue
        if last and path and last != "__typename":
            found[".".join(name for name in [*path[1:], last] if name)] = None
        last = part if part.isidentifier() else ""
        if part == "}":
            path = path[:-1]
    return list(found)


def _selections(document: str) -> Iterator[str]:
    """Yield names, braces and ends of selections; arguments, directives, aliases and spreads are left out."""
    parts = [item for item in _PART.findall(document) if not item.startswith("#")]
    at = 0
    while at < len(parts):
        following = (*parts[at + 1 : at + 2], "")[0]
        if parts[at] == "(":
            at = _behind(parts, at)
        elif parts[at] == "@":
            at += 2
        elif parts[at] == "...":
            yield _END
            at += 3 if following == "on" else 2 if following.isidentifier() else 1
        elif following == ":":
            yield _END
            at += 2
        else:
            yield parts[at]
            at += 1


def _behind(parts: list[str], at: int) -> int:
    """Return the place behind the bracket that opens here."""
    depth = 0
    while at < len(parts):
        depth += (parts[at] == "(") - (parts[at] == ")")
        at += 1
        if depth == 0:
            break
    return at
