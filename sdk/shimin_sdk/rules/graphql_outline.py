"""As much of a GraphQL document as can be known without a schema: its operations, and that its brackets close.

Source: GraphQL specification, October 2021, sections 2.1 and 2.3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

DOCUMENT_CHARS_MAX = 64 * 1024
DEPTH_MAX = 50

_TOKEN = re.compile(
    r"""(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)
    |(?P<text>\"\"\"(?:\\\"\"\"|(?!\"\"\").)*\"\"\"|"(?:[^"\\\n\r]|\\.)*")
    |(?P<name>[_A-Za-z][_0-9A-Za-z]*)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_KINDS = {"query", "mutation", "subscription"}


class NotGraphQL(ValueError):  # noqa: N818 - says what happened
    """A text that is no GraphQL document of operations and fragments, and on which line that shows."""

    def __init__(self, reason: str, line: int) -> None:
        """Keep the reason and the line."""
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Operation:
    """One operation of a document; ``name`` is empty where it has none."""

    kind: str
    name: str


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        line = text.count("\n", 0, at) + 1
        if found is None:
            raise NotGraphQL(f"unexpected {text[at]!r}", line)
        if found.lastgroup != "skip":
            yield found[0], line
        at = found.end()


def outline(text: str) -> list[Operation]:
    """Return the operations of a document in order.

    Raises:
        NotGraphQL: characters that GraphQL does not have, brackets that do not close, or other definitions.
    """
    if len(text) > DOCUMENT_CHARS_MAX:
        raise NotGraphQL(f"longer than {DOCUMENT_CHARS_MAX} characters", 0)
    found: list[Operation] = []
    open_marks: list[tuple[str, int]] = []
    heading: list[str] = []
    line = 0
    for piece, line in _tokens(text):
        if not open_marks and piece != "{":
            heading.append(piece)
        if piece in _CLOSES.values():
            if piece == "{" and not open_marks:
                found += _definition(heading, line)
                heading = []
            open_marks.append((piece, line))
            if len(open_marks) > DEPTH_MAX:
                raise NotGraphQL(f"nests deeper than {DEPTH_MAX}", line)
        elif piece in _CLOSES:
            if not open_marks or open_marks.pop()[0] != _CLOSES[piece]:
                raise NotGraphQL(f"{piece!r} closes nothing", line)
            if piece == "}" and not open_marks:
                heading = []
    if open_marks:
        raise NotGraphQL(f"{open_marks[-1][0]!r} is not closed", open_marks[-1][1])
    if heading:
        raise NotGraphQL(f"{heading[0]!r} has no selection", line)
    return found


def _definition(heading: list[str], line: int) -> list[Operation]:
    """Return the operation that a heading begins: none for a fragment, nameless for a bare selection."""
    if not heading:
        return [Operation("query", "")]
    if heading[0] == "fragment":
        return []
    if heading[0] not in _KINDS:
        raise NotGraphQL(f"{heading[0]!r} begins no operation", line)
    named = len(heading) > 1 and heading[1] not in {"(", "@"}
    return [Operation(heading[0], heading[1] if named else "")]
