"""Texts, forms and manifest as a Python module: inside the sandbox there are no files to read them from."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from shimin_sdk.pack.folder import package_files
from shimin_sdk.package import PackageData


def declared_documents(manifest: Mapping[str, Any]) -> list[str]:
    """Return the paths under ``shimin.operations``, required ones first."""
    operations = manifest.get("shimin", {}).get("operations", {})
    return [item["document"] for part in ("required", "optional") for item in operations.get(part, ())]


def package_data(package_dir: Path) -> PackageData:
    """Return what a package's own handlers see of it, read from its folder."""
    files = package_files(package_dir)
    manifest = json.loads(files["manifest.json"])

    def folder(name: str) -> dict[str, Any]:
        return {PurePosixPath(path).stem: json.loads(data) for path, data in files.items() if path.startswith(name)}

    return PackageData(manifest, folder("i18n/"), folder("forms/"), tuple(declared_documents(manifest)))


def embed(package_dir: Path) -> str:
    """Return the source of the module ``shimin_package`` for a package's folder.

    The build writes it beside the server code; ``shimin_sdk.package.embedded`` reads it. Same folder, same text.
    """
    data = package_data(package_dir)
    return "\n".join(
        [
            '"""The package around this code, written by the build."""',
            "",
            f"MANIFEST = {dict(data.manifest)!r}",
            f"TEXTS = {dict(data.texts)!r}",
            f"FORMS = {dict(data.forms)!r}",
            f"DOCUMENTS = {tuple(data.documents)!r}",
            "",
        ]
    )
