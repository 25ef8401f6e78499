"""Rule: pages can be read aloud, enlarged and filled in by everyone.

Source: WCAG 2.2, success criteria 1.1.1, 1.4.4, 2.4.2, 3.1.1 and 4.1.2.
"""

from collections.abc import Iterator
from html.parser import HTMLParser

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.sources import texts_of

_UNLABELLED = {"hidden", "submit", "button", "reset", "image"}


class _Page(HTMLParser):
    """One page, read once from top to bottom."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found: list[Finding] = []
        self._lang = self._title = False
        self._labels: set[str] = set()
        self._in_label = 0
        self._fields: list[tuple[str, int]] = []

    def _add(self, code: str, line: int | None = None) -> None:
        self.found.append(Finding(code, self._name, self.getpos()[0] if line is None else line))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self._lang = bool(given.get("lang"))
        elif tag == "title":
            self._title = True
        elif tag == "meta" and given.get("name") == "viewport":
            content = (given.get("content") or "").replace(" ", "").casefold()
            if "user-scalable=no" in content or "user-scalable=0" in content or "maximum-scale" in content:
                self._add("E_PAGE_ZOOM")
        elif tag == "img" and "alt" not in given:
            self._add("E_PAGE_ALT")
        elif tag == "label":
            self._in_label += 1
            self._labels.add(given.get("for") or "")
        elif tag in {"input", "select", "textarea"} and given.get("type") not in _UNLABELLED:
            named = given.get("aria-label") or given.get("aria-labelledby") or self._in_label
            if not named:
                self._fields.append((given.get("id") or "", self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._in_label = max(0, self._in_label - 1)

    def finish(self) -> list[Finding]:
        """Return everything, once the page is read."""
        if not self._lang:
            self._add("E_PAGE_LANG", 1)
        if not self._title:
            self._add("E_PAGE_TITLE", 1)
        for field, line in self._fields:
            if not field or field not in self._labels:
                self._add("E_PAGE_LABEL", line)
        return self.found


def pages_are_accessible(package: Package) -> Iterator[Finding]:
    """Find pages without language or title, that forbid zooming, and images and inputs without a name."""
    for name, text in texts_of(package, ".html"):
        page = _Page(name)
        page.feed(text)
        page.close()
        yield from page.finish()
