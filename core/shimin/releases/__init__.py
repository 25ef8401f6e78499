"""Releases of mini-apps: uploaded, checked and built, reviewed by somebody else, served, halted."""

from shimin.releases.approve import approve
from shimin.releases.check import check
from shimin.releases.errors import (
    AppIdNotOwned,
    AppNotServed,
    DepartmentMismatch,
    DigestMismatch,
    FourEyes,
    InvalidTransition,
    PackageBroken,
    PackageTooLarge,
    VersionNotHigher,
)
from shimin.releases.facts import ReleaseMoved, ReleaseUploaded
from shimin.releases.go_live import go_live
from shimin.releases.model import Artifact, Release, ReleaseDocument, State
from shimin.releases.reject import reject
from shimin.releases.rows import all_live, all_releases, documents_of, find, find_live, waiting_for_check
from shimin.releases.submit import submit
from shimin.releases.suspend import lift, suspend
from shimin.releases.upload import upload
from shimin.releases.views import MINI_APPS, RELEASES

__all__ = [
    "MINI_APPS",
    "RELEASES",
    "AppIdNotOwned",
    "AppNotServed",
    "Artifact",
    "DepartmentMismatch",
    "DigestMismatch",
    "FourEyes",
    "InvalidTransition",
    "PackageBroken",
    "PackageTooLarge",
    "Release",
    "ReleaseDocument",
    "ReleaseMoved",
    "ReleaseUploaded",
    "State",
    "VersionNotHigher",
    "all_live",
    "all_releases",
    "approve",
    "check",
    "documents_of",
    "find",
    "find_live",
    "go_live",
    "lift",
    "reject",
    "submit",
    "suspend",
    "upload",
    "waiting_for_check",
]
