"""HTML and SVG as the rules read them: tags, attributes and raw text, in one pass of bounded time.

Python's own reader looks for the end of every comment and tag that has none, each time up to the end of the file; on a
hostile file that takes minutes. Here whatever is not closed ends the reading, as it ends it in a browser.

Source: HTML Living Standard, sections 13.2.5.1 to 13.2.5.53 (tokenization), as far as these rules need it.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shimin_sdk.pack.package import Package
from shimin_sdk.rules.sources import FILE_BYTES_MAX, texts_of

_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?:([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?|(>))""",
)
_COMMENT_END = re.compile(r"--!?>")
TITLE_CHARS_MAX = 1_000
_TEXT = {"script", "title"}
"""Elements whose text the rules look at. Only a script's is skipped: in SVG, tags inside a title are tags."""


@dataclass(frozen=True)
class Tag:
    """One start or end tag; ``raw`` is what stands inside a script or a title."""

    name: str
    attributes: Mapping[str, str]
    line: int
    is_end: bool = False
    raw: str = ""


def markup_of(package: Package, *endings: str) -> Iterator[tuple[str, list[Tag]]]:
    """Return the HTML and SVG files that are small enough to be read, as their tags."""
    for name, text in texts_of(package, *endings):
        if len(package.files[name]) <= FILE_BYTES_MAX:
            yield name, list(tags(text))


def tags(text: str) -> Iterator[Tag]:
    """Return the tags of a file in order; reading ends at the first comment or tag that is not closed."""
    at, line, counted = 0, 1, 0
    while (at := text.find("<", at)) >= 0:
        line += text.count("\n", counted, at)
        counted = at
        if text.startswith("<!--", at):
            found = _COMMENT_END.search(text, at + 2)
            if found is None:
                return
            at = found.end()
            continue
        is_end = text.startswith("</", at)
        name = _NAME.match(text, at + 1 + is_end)
        if name is None:
            at += 1
            continue
        attributes: dict[str, str] = {}
        at = _attributes(text, name.end(), attributes)
        if at < 0:
            return
        kind = name[0].casefold()
        raw = ""
        if kind in _TEXT and not is_end:
            limit = len(text) if kind == "script" else at + TITLE_CHARS_MAX
            end = re.compile(rf"</{kind}(?=[\s/>])", re.IGNORECASE).search(text, at, limit)
            raw = text[at : end.start() if end else limit]
            at += len(raw) if kind == "script" else 0
        yield Tag(kind, attributes, line, is_end, raw)


def _attributes(text: str, at: int, found: dict[str, str]) -> int:
    """Read attributes up to ``>``; return where it ends, or -1 if it never does."""
    while part := _ATTRIBUTE.match(text, at):
        at = part.end()
        if part[5]:
            return at
        value = next((item for item in part.groups()[1:4] if item is not None), "")
        found.setdefault(part[1].casefold(), html.unescape(value))
    return -1
