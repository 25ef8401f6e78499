"""The manifest: one JSON object, read strictly, of the shape that its schema says."""

import re
from typing import Any

from shimin_sdk.findings import Finding, PackageError, refuse
from shimin_sdk.pack.validate import Found, schema
from shimin_sdk.wire import NotJson, read_json

MANIFEST = "manifest.json"
JSON_BYTES_MAX = 256 * 1024

_REASONS = {
    "duplicate_key": "DUPLICATE_KEY",
    "too_deep": "DEPTH",
    "too_big": "BIG",
    "number": "NUMBER",
    "text": "TEXT",
    "type": "SYNTAX",
}


def read_file_json(name: str, data: bytes) -> Any:
    """Read a JSON file of a package.

    Raises:
        PackageError: ``E_MANIFEST_*`` for the manifest, ``E_JSON_*`` for any other file.
    """
    family = "E_MANIFEST" if name == MANIFEST else "E_JSON"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise refuse(f"{family}_ENCODING", name) from None
    if text.startswith("\ufeff"):
        raise refuse(f"{family}_ENCODING", name)
    try:
        return read_json(text, JSON_BYTES_MAX)
    except NotJson as error:
        raise refuse(f"{family}_{_REASONS[error.reason]}", name) from None


def line_of(text: str, path: str) -> int:
    """Return the line on which the last named key of a path first stands, 0 if it stands nowhere."""
    keys = re.findall(r"[^.\[\]]+(?=$|[.\[])", path)
    at = 0
    for key in (item for item in keys if not item.isdigit()):
        found = re.compile(rf'"{re.escape(key)}"\s*:').search(text, at)
        if found:
            at = found.start()
    return text.count("\n", 0, at) + 1 if at else 0


def findings_of(family: str, name: str, data: bytes, found: list[Found]) -> list[Finding]:
    """Return a schema's mismatches as findings of a file, each on its line."""
    text = data.decode("utf-8", "replace")
    endings = {"required": "MISSING", "unknown": "UNKNOWN"}
    return [
        Finding(
            f"{family}_{endings.get(keyword, 'FIELD')}",
            name,
            line_of(text, path),
            {"path": path or "(root)", "rule": keyword, "expected": expected[:200]},
        )
        for path, keyword, expected in found
    ]


def read_manifest(data: bytes) -> dict[str, Any]:
    """Return the manifest of a package.

    Raises:
        PackageError: ``E_MANIFEST_*``: every mismatch with the schema, or the one that keeps it from being read.
    """
    value = read_file_json(MANIFEST, data)
    problems = schema("manifest").problems(value)
    if problems:
        raise PackageError(findings_of("E_MANIFEST", MANIFEST, data, problems))
    found: dict[str, Any] = value
    return found
