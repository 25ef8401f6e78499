"""A package that was accepted: its files, what its manifest says, and the digest that everybody signs and approves."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from shimin_sdk.findings import refuse
from shimin_sdk.pack.archive import FILE_BYTES_MAX, TOTAL_BYTES_MAX, read_archive
from shimin_sdk.pack.folder import belongs, package_files
from shimin_sdk.pack.manifest import MANIFEST, read_file_json, read_manifest
from shimin_sdk.pack.names import check_name, check_together
from shimin_sdk.pack.write import write_archive


@dataclass(frozen=True)
class Document:
    """One declared GraphQL document.

    Attributes:
        path: in the package.
        text: as it lies there.
        purpose: words per locale: what it is read for.
        retention: ISO 8601 duration for which the department keeps what it read.
        required: whether the mini-app is of no use without it.
    """

    path: str
    text: str
    purpose: Mapping[str, str]
    retention: str
    required: bool


@dataclass(frozen=True)
class Package:
    """A package whose container, names, sizes and manifest are in order."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    @property
    def app_id(self) -> str:
        """The reverse-DNS name."""
        return str(self.manifest["app_id"])

    @property
    def department(self) -> str:
        """The department that answers for it."""
        return str(self.manifest["shimin"]["department"])

    @property
    def version_code(self) -> int:
        """Rises with every release."""
        return int(self.manifest["version"]["code"])

    @property
    def version_name(self) -> str:
        """The version for people."""
        return str(self.manifest["version"]["name"])

    @property
    def entry(self) -> str:
        """The Python file that defines ``app``."""
        return str(self.manifest["shimin"]["server"]["entry"])

    @cached_property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """Words by locale and code."""
        return self._folder("i18n/")

    @cached_property
    def forms(self) -> Mapping[str, Mapping[str, Any]]:
        """Forms by name."""
        return self._folder("forms/")

    @property
    def names(self) -> Mapping[str, str]:
        """The mini-app's name by locale."""
        own = {str(self.manifest.get("lang", "zh-Hans")): str(self.manifest["name"])}
        return {**own, **self.words("manifest.name")}

    @property
    def documents(self) -> tuple[Document, ...]:
        """The declared documents, required ones first.

        Raises:
            PackageError: ``E_MANIFEST_FILE`` or ``E_NAME_ENCODING``: one is missing or not UTF-8.
        """
        operations = self.manifest["shimin"]["operations"]
        return tuple(
            Document(
                item["document"],
                self._text(item["document"]),
                self.words(item["purpose"]),
                item["retention"],
                part == "required",
            )
            for part in ("required", "optional")
            for item in operations.get(part, ())
        )

    @cached_property
    def archive(self) -> bytes:
        """The canonical archive: sorted, without times, stored."""
        return write_archive(self.files)

    @cached_property
    def digest(self) -> str:
        """``sha256:…`` of the canonical archive: the same content, the same digest, however it was packed."""
        return f"sha256:{hashlib.sha256(self.archive).hexdigest()}"

    def unpack(self, folder: Path) -> None:
        """Write the files into an empty folder, for the build.

        Raises:
            FileExistsError: the folder holds something already.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            msg = f"{folder} is not empty"
            raise FileExistsError(msg)
        for name, data in self.files.items():
            target = folder.joinpath(*name.split("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def _text(self, path: str) -> str:
        if path not in self.files:
            raise refuse("E_MANIFEST_FILE", MANIFEST, path=path)
        try:
            return self.files[path].decode("utf-8")
        except UnicodeDecodeError:
            raise refuse("E_FILE_ENCODING", path) from None

    def words(self, code: str) -> dict[str, str]:
        """Return what a code of ``i18n/`` says, by locale."""
        return {locale: str(texts[code]) for locale, texts in self.texts.items() if code in texts}

    def _folder(self, prefix: str) -> dict[str, Any]:
        found = {}
        for name, data in self.files.items():
            if name.startswith(prefix):
                value = read_file_json(name, data)
                if not isinstance(value, dict):
                    raise refuse("E_JSON_SHAPE", name)
                found[PurePosixPath(name).stem] = value
        return found


def from_files(files: Mapping[str, bytes]) -> Package:
    """Return the package of some files.

    Raises:
        PackageError: ``E_NAME_*``, ``E_SIZE_*``, ``E_MANIFEST_*`` or ``E_JSON_*``.
    """
    for name, data in files.items():
        check_name(name)
        if len(data) > FILE_BYTES_MAX:
            raise refuse("E_SIZE_FILE", name, most=FILE_BYTES_MAX, found=len(data))
        if not belongs(name):
            raise refuse("E_NAME_PLACE", name)
    check_together(files)
    total = sum(map(len, files.values()))
    if total > TOTAL_BYTES_MAX:
        raise refuse("E_SIZE_TOTAL", most=TOTAL_BYTES_MAX, found=total)
    if MANIFEST not in files:
        raise refuse("E_MANIFEST_ABSENT")
    package = Package(dict(sorted(files.items())), read_manifest(files[MANIFEST]))
    _ = package.texts, package.forms
    return package


def read(data: bytes) -> Package:
    """Read a package from outside, or refuse it.

    Args:
        data: the archive, at most ``ARCHIVE_BYTES_MAX``.

    Raises:
        PackageError: with a code of its own for each rule, and the entry named.
    """
    return from_files(read_archive(data))


def from_folder(source_dir: Path) -> Package:
    """Return the package of a developer's folder.

    Raises:
        PackageError: what ``read`` would refuse.
        FileNotFoundError: there is no ``manifest.json``.
    """
    return from_files(package_files(source_dir))


def pack(source_dir: Path) -> bytes:
    """Return the canonical archive of a developer's folder: the same files, the same bytes, on any machine.

    Raises:
        PackageError: what ``read`` would refuse.
        FileNotFoundError: there is no ``manifest.json``.
    """
    return from_folder(source_dir).archive


def digest(package: Package | bytes) -> str:
    """Return ``sha256:…`` of the canonical archive of a package.

    Raises:
        PackageError: the bytes are no acceptable package.
    """
    return (read(package) if isinstance(package, bytes) else package).digest
