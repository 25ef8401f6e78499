"""Packages: a folder becomes one canonical archive, and an archive from outside is read strictly or refused."""

from shimin_sdk.pack.embed import embed, package_data
from shimin_sdk.pack.folder import package_files

__all__ = ["embed", "package_data", "package_files"]
