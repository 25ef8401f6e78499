"""Rule: pages run only code that is in the package, in files, where a reviewer can read it."""

import re
from collections.abc import Iterator

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.markup import Tag, markup_of
from shimin_sdk.rules.sources import FILE_BYTES_MAX, places, texts_of

_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_SCRIPT_ADDRESS = re.compile(r"[\s\x00-\x1f]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)
"""Browsers leave out line breaks and tabs inside an address."""
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
    ("E_CODE_REMOTE", re.compile(r"\b(?:from|import)\s{0,20}\(?\s{0,20}[\"'`]((?:[a-z]+:)?//[^\"'`]*)", re.IGNORECASE)),
    (
        "E_CODE_REMOTE",
        re.compile(
            r"\b(?:fetch|WebSocket|EventSource|importScripts|sendBeacon|open)\s*\(\s*[\"'`]((?:[a-z]+:)?//[^\"'`]*)"
        ),
    ),
)
_CSS = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')\s]*)", re.IGNORECASE)


def _markup(tag: Tag) -> Iterator[tuple[str, dict[str, str | int]]]:
    """Find what a tag loads from elsewhere and what it runs by itself."""
    for key in (_LOADING.get(tag.name, ""), "srcset", "xlink:href"):
        address = tag.attributes.get(key, "")
        if _ELSEWHERE.match(address) and not address.strip().startswith("data:image/"):
            yield "E_CODE_REMOTE", {"address": address[:200]}
    if tag.name == "meta" and tag.attributes.get("http-equiv", "").casefold() == "refresh":
        yield "E_CODE_REMOTE", {"address": tag.attributes.get("content", "")[:200]}
    runs = any(key.startswith("on") for key in tag.attributes) or "srcdoc" in tag.attributes
    if runs or any(_SCRIPT_ADDRESS.match(value) for value in tag.attributes.values()):
        yield "E_CODE_INLINE", {}
    if tag.name == "script" and not tag.is_end and (tag.raw.strip() or not tag.attributes.get("src")):
        yield "E_CODE_INLINE", {}


def web_code_is_local(package: Package) -> Iterator[Finding]:
    """Find scripts, styles and images from elsewhere, inline scripts, and code made from text."""
    for name, data in package.files.items():
        if name.endswith((".html", ".svg")) and len(data) > FILE_BYTES_MAX:
            yield Finding("E_FILE_BIG", name, 0, {"most": FILE_BYTES_MAX})
    for name, found_tags in markup_of(package, ".html", ".svg"):
        for tag in found_tags:
            for code, params in _markup(tag):
                yield Finding(code, name, tag.line, params)
    for name, text in texts_of(package, ".js"):
        for code, pattern in _JS:
            for line, found in places(pattern, text):
                yield Finding(code, name, line, {"call" if code == "E_CODE_EVAL" else "address": found[1][:200]})
    for name, text in texts_of(package, ".css", ".html", ".svg"):
        for line, found in places(_CSS, text):
            yield Finding("E_CODE_REMOTE", name, line, {"address": found[1][:200]})
