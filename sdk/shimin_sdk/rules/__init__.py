"""The checks that a package passes before a person looks at it: the same on the developer's machine and the platform.

Each rule is one file with one function ``Package -> findings``. What needs the platform's schema (do the documents
fit it, which personal data do they read) is checked there.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack.folder import package_files
from shimin_sdk.pack.package import Package, from_files
from shimin_sdk.rules.documents import documents_are_declared
from shimin_sdk.rules.forms import forms_are_whole
from shimin_sdk.rules.named_files import named_files_exist
from shimin_sdk.rules.pages import pages_are_accessible
from shimin_sdk.rules.python_code import python_is_plain
from shimin_sdk.rules.secrets import nothing_secret
from shimin_sdk.rules.texts import texts_are_complete
from shimin_sdk.rules.web_code import web_code_is_local

Rule = Callable[[Package], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    named_files_exist,
    documents_are_declared,
    python_is_plain,
    texts_are_complete,
    forms_are_whole,
    pages_are_accessible,
    web_code_is_local,
    nothing_secret,
)
FINDINGS_MAX = 200
"""Of errors, and of warnings: neither crowds out the other."""


def check_package(package: Package) -> list[Finding]:
    """Return what the rules find in a package that was read, by file and line; errors and warnings."""
    found: dict[str, dict[tuple[object, ...], Finding]] = {"error": {}, "warning": {}}
    for finding in (item for rule in RULES for item in rule(package)):
        kept = found[finding.severity]
        if len(kept) < FINDINGS_MAX:
            kept[finding.code, finding.file, finding.line, *finding.params.items()] = finding
        elif finding.severity == "error":
            break
    everything = [*found["error"].values(), *found["warning"].values()]
    return sorted(everything, key=lambda item: (item.file, item.line, item.code))


def check_files(files: Mapping[str, bytes]) -> list[Finding]:
    """Return everything that is wrong with some files as a package; what keeps it from being read comes alone."""
    try:
        package = from_files(files)
    except PackageError as error:
        return list(error.findings)
    return check_package(package)


def check(source_dir: Path) -> list[Finding]:
    """Return everything that is wrong with a developer's folder; empty when it can be submitted.

    Raises:
        FileNotFoundError: there is no ``manifest.json``.
    """
    try:
        files = package_files(source_dir)
    except PackageError as error:
        return list(error.findings)
    return check_files(files)


__all__ = ["RULES", "Rule", "check", "check_files", "check_package"]
