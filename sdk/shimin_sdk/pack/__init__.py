"""Packages: a folder becomes one canonical archive, and an archive from outside is read strictly or refused."""

from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack.embed import embed, package_data
from shimin_sdk.pack.folder import package_files
from shimin_sdk.pack.package import Document, Package, digest, from_files, from_folder, pack, read

__all__ = [
    "Document",
    "Finding",
    "Package",
    "PackageError",
    "digest",
    "embed",
    "from_files",
    "from_folder",
    "pack",
    "package_data",
    "package_files",
    "read",
]
