"""Making a new mini-app from one of the templates of this distribution."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from shimin_sdk.cli.generate import MODULE_FILE, documents_of, wanted_text
from shimin_sdk.pack.manifest import MANIFEST, read_manifest

TEMPLATES = {
    "query": "look something up: one document, one operation, one page",
    "pay": "bills and paying one of them at the core's cashier",
    "case": "an application with a form, kept in the department's own system",
}
"""What a new mini-app can begin as."""
ENDING = ".tmpl"
"""Template files end with this, so that no tool takes them for code of the SDK."""
_SLOT = re.compile(r"\[\[([a-z_]+)\]\]")


@dataclass(frozen=True)
class Names:
    """What a new mini-app is called."""

    app_id: str
    department: str
    name: str
    name_en: str

    def fill(self, path: str, text: str) -> str:
        """Put the names into ``[[slots]]`` of a file, quoted as its kind of file needs."""

        def value(found: re.Match[str]) -> str:
            own = str(getattr(self, found[1]))
            return html.escape(own) if path.endswith(".html") else json.dumps(own, ensure_ascii=False)[1:-1]

        return _SLOT.sub(value, text)


def _files(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda found: found.name):
        here = f"{path}{item.name}"
        if item.is_dir():
            yield from _files(item, f"{here}/")
        elif here.endswith(ENDING):
            yield here.removesuffix(ENDING), item.read_text("utf-8")


def create(folder: Path, names: Names, template: str = "query") -> list[str]:
    """Write a new mini-app into a folder and return its files.

    Args:
        folder: made if it does not exist.
        names: what it is called.
        template: one of ``TEMPLATES``; each stands on what all of them share.

    Raises:
        PackageError: a name does not fit the manifest; nothing is written.
        OSError: the folder cannot be written.
    """
    here = resources.files("shimin_sdk.cli")
    sources = (here / "template", here / "templates" / template)
    files = {path: names.fill(path, text) for source in sources for path, text in _files(source)}
    read_manifest(files[MANIFEST].encode())
    written = {path: text.encode() for path, text in files.items()}
    if documents_of(written):
        files[MODULE_FILE] = wanted_text(written)
    for path, text in files.items():
        target = folder.joinpath(*path.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return sorted(files)
