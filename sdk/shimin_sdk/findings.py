"""What is wrong with a package: a code that never changes, where, and what to do about it, in both languages."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from shimin_sdk.package import fill

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found.

    Attributes:
        code: stable, such as ``E_ZIP_PREFIX``; ``W_…`` is a warning.
        file: path in the package; empty where it is about the archive itself.
        line: from 1; 0 where there is no line.
        params: what fills the slots of the words.
    """

    code: str
    file: str = ""
    line: int = 0
    params: Mapping[str, str | int] = field(default_factory=dict[str, str | int])

    @property
    def severity(self) -> Severity:
        """Whether it stops the package."""
        return "warning" if self.code.startswith("W_") else "error"

    @property
    def place(self) -> str:
        """``file:line``, as editors and terminals link it."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def message(self, locale: str = "en") -> str:
        """Say what is wrong."""
        return fill(_words(self.code, "says", locale), {**self.params, "file": self.file})

    def fix(self, locale: str = "en") -> str:
        """Say what to do."""
        return fill(_words(self.code, "fix", locale), {**self.params, "file": self.file})

    def as_json(self, locale: str = "en") -> dict[str, Any]:
        """Return everything about it, for programs."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "message": self.message(locale),
            "fix": self.fix(locale),
            "params": dict(self.params),
        }

    def __str__(self) -> str:
        """Return one line for a log."""
        return f"{self.place or 'package'}: {self.code}: {self.message()}"


class PackageError(Exception):
    """A package that cannot be read; ``findings`` has at least one entry."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep all of them; the first one's words stand for the rest."""
        super().__init__(str(findings[0]))
        self.findings = tuple(findings)

    @property
    def code(self) -> str:
        """The first finding's code."""
        return self.findings[0].code


def refuse(code: str, file: str = "", **params: str | int) -> PackageError:
    """Return the error of one finding, to be raised."""
    return PackageError([Finding(code, file, 0, params)])


@cache
def catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return every code's words: ``says`` and ``fix`` by locale (a family's ``fix`` where a code has none)."""
    raw = tomllib.loads((resources.files("shimin_sdk") / "findings.toml").read_text("utf-8"))
    families: Mapping[str, Mapping[str, str]] = raw.pop("fix")
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for code, entry in raw.items():
        fixes = [fix for prefix, fix in families.items() if code.startswith(prefix)]
        family: Mapping[str, str] = fixes[0] if fixes else {}
        says = {locale: words for locale, words in entry.items() if locale != "fix"}
        found[code] = {"says": says, "fix": entry.get("fix", family)}
    return found


def _words(code: str, kind: Literal["says", "fix"], locale: str) -> str:
    words = catalogue()[code][kind]
    return words["zh-Hans" if locale.startswith("zh") else "en"]
