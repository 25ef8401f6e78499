"""Rule: every text that is used exists in both languages, with the same placeholders."""

import ast
import re
from collections.abc import Iterator
from itertools import islice

from shimin_sdk.findings import Finding
from shimin_sdk.pack import letter
from shimin_sdk.pack.manifest import MANIFEST, line_of
from shimin_sdk.pack.package import Package
from shimin_sdk.package import TEXT_CHARS_MAX
from shimin_sdk.rules.sources import places, texts_of, trees

LOCALES = ("zh-Hans", "en")
"""Languages that every mini-app speaks."""

UNUSED_SHOWN = 50

_CODE = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*")
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ON_PAGE = re.compile(r"""\bdata-text=["']([^"']+)["']|\bsay\(\s*["']([^"']+)["']""")
_SAYS = {"UserError", "text"}
"""Calls whose first argument is a text's code."""


def used_texts(package: Package) -> Iterator[tuple[str, str, int]]:
    """Return each text code that something names: code, file and line."""
    manifest = package.files[MANIFEST].decode("utf-8", "replace")
    operations = package.manifest["shimin"]["operations"]
    for item in (*operations["required"], *operations.get("optional", ())):
        yield item["purpose"], MANIFEST, _line(manifest, item["purpose"])
    for template in package.manifest["shimin"].get("messages", ()):
        for part in letter.PARTS:
            yield f"{template}.{part}", MANIFEST, _line(manifest, template)
    for form, definition in package.forms.items():
        text = package.files[f"forms/{form}.json"].decode("utf-8", "replace")
        for code in _form_codes(definition):
            yield code, f"forms/{form}.json", _line(text, code)
    for name, tree in trees(package):
        for node in ast.walk(tree):
            said = _said(node)
            if said:
                yield said, name, getattr(node, "lineno", 0)
    for name, text in texts_of(package, ".html", ".js"):
        for line, found in places(_ON_PAGE, text):
            yield found[1] or found[2], name, line


def _said(node: ast.AST) -> str | None:
    """Return the code that ``UserError("…")`` or ``call.text("…")`` names."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    function, first = node.func, node.args[0]
    called = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    if called in _SAYS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None


def _form_codes(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"title", "submit", "label", "help"} and isinstance(item, str):
                yield item
            else:
                yield from _form_codes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _form_codes(item)


def _line(text: str, code: str) -> int:
    at = text.find(f'"{code}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def texts_are_complete(package: Package) -> Iterator[Finding]:
    """Find missing languages and texts, differing placeholders, and texts that nothing uses."""
    texts = package.texts
    for locale in LOCALES:
        if locale not in texts:
            yield Finding("E_TEXT_LOCALE", "", 0, {"locale": locale})
    own = str(package.manifest.get("lang", LOCALES[0]))
    order = sorted(texts, key=lambda locale: locale != own)
    everything = {code: locale for locale in reversed(order) for code in texts[locale]}
    for locale, words in texts.items():
        name = f"i18n/{locale}.json"
        source = package.files[name].decode("utf-8", "replace")
        for code in everything:
            if code not in words:
                yield Finding("E_TEXT_MISSING", name, 0, {"text": code})
        yield from _well_formed(words, name, source)
        yield from _same_slots(words, texts[order[0]], name, source)
    for code, name, line in used_texts(package):
        if code not in everything:
            yield Finding("E_TEXT_MISSING", name, line, {"text": code})
    yield from islice(_unused(package, everything), UNUSED_SHOWN)


def _well_formed(words: object, name: str, source: str) -> Iterator[Finding]:
    for code, text in words.items() if isinstance(words, dict) else ():
        if not _CODE.fullmatch(code) or not isinstance(text, str) or not 0 < len(text) <= TEXT_CHARS_MAX:
            yield Finding("E_TEXT_SHAPE", name, line_of(source, code), {"text": code[:100]})


def _same_slots(words: object, first: object, name: str, source: str) -> Iterator[Finding]:
    if not isinstance(words, dict) or not isinstance(first, dict):
        return
    for code in words.keys() & first.keys():
        here, there = words[code], first[code]
        if isinstance(here, str) and isinstance(there, str):
            slots = set(_SLOT.findall(here)) ^ set(_SLOT.findall(there))
            if slots:
                yield Finding(
                    "E_TEXT_SLOT", name, _line(source, code), {"text": code, "slots": " ".join(sorted(slots))}
                )


def _unused(package: Package, everything: dict[str, str]) -> Iterator[Finding]:
    named = {code for code, _, _ in used_texts(package)}
    for _, text in texts_of(package, ".py", ".js", ".html"):
        named.update(_CODE.findall(text))  # a code may also stand in a table or a condition
    for code, locale in everything.items():
        if not code.startswith("manifest.") and code not in named:
            name = f"i18n/{locale}.json"
            yield Finding(
                "W_TEXT_UNUSED", name, _line(package.files[name].decode("utf-8", "replace"), code), {"text": code}
            )
