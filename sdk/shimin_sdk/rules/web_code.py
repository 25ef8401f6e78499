"""Rule: pages run only code that is in the package, in files, where a reviewer can read it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.sources import places, texts_of

_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_LOADING = {
    **dict.fromkeys(("script", "img", "iframe", "audio", "video", "source", "embed", "track"), "src"),
    **dict.fromkeys(("link", "image", "use", "base"), "href"),
    "object": "data",
    "form": "action",
}
_JS = (
    ("E_CODE_EVAL", re.compile(r"\b(eval)\s*\(")),
    ("E_CODE_EVAL", re.compile(r"\bnew\s+(Function)\b")),
    ("E_CODE_EVAL", re.compile(r"\b(setTimeout|setInterval)\s*\(\s*[\"'`]")),
    ("E_CODE_EVAL", re.compile(r"\b(document\.write)\s*\(")),
    ("E_CODE_REMOTE", re.compile(r"\b(?:from|import)\s*\(?\s*[\"'`]((?:[a-z]+:)?//[^\"'`]*)", re.IGNORECASE)),
    (
        "E_CODE_REMOTE",
        re.compile(
            r"\b(?:fetch|WebSocket|EventSource|importScripts|sendBeacon|open)\s*\(\s*[\"'`]((?:[a-z]+:)?//[^\"'`]*)"
        ),
    ),
)
_CSS = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')\s]*)", re.IGNORECASE)


class _Markup(HTMLParser):
    """One HTML or SVG file: what it loads and what it runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found: list[Finding] = []
        self._script = False

    def _add(self, code: str, **params: str) -> None:
        self.found.append(Finding(code, self._name, self.getpos()[0], params))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for key in (_LOADING.get(tag, ""), "srcset", "xlink:href"):
            address = given.get(key) or ""
            if key and _ELSEWHERE.match(address) and not address.strip().startswith("data:image/"):
                self._add("E_CODE_REMOTE", address=address[:200])
        if any(key.startswith("on") for key in given) or "srcdoc" in given:
            self._add("E_CODE_INLINE")
        if any((value or "").strip().casefold().startswith("javascript:") for value in given.values()):
            self._add("E_CODE_INLINE")
        self._script = tag == "script" and not given.get("src")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self._add("E_CODE_INLINE")
            self._script = False


def web_code_is_local(package: Package) -> Iterator[Finding]:
    """Find scripts, styles and images from elsewhere, inline scripts, and code made from text."""
    for name, text in texts_of(package, ".html", ".svg"):
        markup = _Markup(name)
        markup.feed(text)
        markup.close()
        yield from markup.found
    for name, text in texts_of(package, ".js"):
        for code, pattern in _JS:
            for line, found in places(pattern, text):
                yield Finding(code, name, line, {"call" if code == "E_CODE_EVAL" else "address": found[1][:200]})
    for name, text in texts_of(package, ".css", ".html", ".svg"):
        for line, found in places(_CSS, text):
            yield Finding("E_CODE_REMOTE", name, line, {"address": found[1][:200]})
