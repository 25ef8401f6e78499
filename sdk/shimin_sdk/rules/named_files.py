"""Rule: every file that the manifest names is in the package."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from shimin_sdk.findings import Finding
from shimin_sdk.pack.embed import declared_documents
from shimin_sdk.pack.manifest import MANIFEST
from shimin_sdk.pack.package import Package


def page_file(package: Package, page: str) -> str | None:
    """Return the HTML file of a page, whose ending the manifest may leave out; None if there is none."""
    for name in (page, f"{page}.html"):
        if name in package.files and PurePosixPath(name).suffix == ".html":
            return name
    return None


def line_naming(package: Package, text: str) -> int:
    """Return the manifest's line that holds a text in quotes, 0 if none does."""
    lines = package.files[MANIFEST].decode("utf-8", "replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if f'"{text}"' in line), 0)


def named_files_exist(package: Package) -> Iterator[Finding]:
    """Find icons, documents, widgets, the entry and pages that are named and absent."""
    manifest = package.manifest
    named = [icon["src"] for icon in manifest["icons"]]
    named += [widget["path"] for widget in manifest.get("widgets", ())]
    named += [package.entry, *declared_documents(manifest)]
    for path in named:
        if path not in package.files:
            yield Finding("E_MANIFEST_FILE", MANIFEST, line_naming(package, path), {"path": path})
    for page in manifest["pages"]:
        if page_file(package, page) is None:
            yield Finding("E_PAGE_ABSENT", MANIFEST, line_naming(package, page), {"page": page.removesuffix(".html")})
