"""Rule: pages can be read aloud, enlarged and filled in by everyone.

Source: WCAG 2.2, success criteria 1.1.1, 1.4.4, 2.4.2, 3.1.1 and 4.1.2.
"""

from collections.abc import Iterator

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.markup import Tag, markup_of

_FIELDS = {"input", "select", "textarea"}
_UNLABELLED = {"hidden", "submit", "button", "reset", "image"}


def pages_are_accessible(package: Package) -> Iterator[Finding]:
    """Find pages without language or title, that forbid zooming, and images and inputs without a name."""
    for name, found in markup_of(package, ".html"):
        for code, line in (*_whole(found), *_each(found)):
            yield Finding(code, name, line)


def _whole(found: list[Tag]) -> Iterator[tuple[str, int]]:
    """Look at the page as a whole."""
    if not any(tag.name == "html" and tag.attributes.get("lang") for tag in found):
        yield "E_PAGE_LANG", 1
    if not any(tag.name == "title" and tag.raw.strip() for tag in found):
        yield "E_PAGE_TITLE", 1
    for tag in found:
        if tag.name == "meta" and tag.attributes.get("name") == "viewport":
            content = tag.attributes.get("content", "").replace(" ", "").casefold()
            if "user-scalable=no" in content or "user-scalable=0" in content or "maximum-scale" in content:
                yield "E_PAGE_ZOOM", tag.line


def _each(found: list[Tag]) -> Iterator[tuple[str, int]]:
    """Look at each image and input."""
    labels = {tag.attributes.get("for") for tag in found if tag.name == "label"} - {None, ""}
    inside = 0
    for tag in found:
        if tag.name == "label":
            inside = max(0, inside + (-1 if tag.is_end else 1))
        elif tag.name == "img" and "alt" not in tag.attributes:
            yield "E_PAGE_ALT", tag.line
        elif tag.name in _FIELDS and not tag.is_end and tag.attributes.get("type", "").casefold() not in _UNLABELLED:
            named = inside or tag.attributes.get("aria-label") or tag.attributes.get("aria-labelledby")
            if not named and tag.attributes.get("id") not in labels:
                yield "E_PAGE_LABEL", tag.line
