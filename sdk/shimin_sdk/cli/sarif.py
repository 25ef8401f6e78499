"""Findings as SARIF, which editors and code hosts show beside the code.

Source: Static Analysis Results Interchange Format 2.1.0 (OASIS), sections 3.13 to 3.49.
"""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from shimin_sdk.findings import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning"}


def sarif(findings: Sequence[Finding], locale: str) -> Mapping[str, Any]:
    """Return one run with its rules and results; places are relative to the mini-app's folder (``%SRCROOT%``)."""
    first = {finding.code: finding for finding in reversed(findings)}
    codes = sorted(first)
    rules = [
        {
            "id": code,
            "shortDescription": {"text": first[code].message(locale)},
            "help": {"text": first[code].fix(locale)},
            "defaultConfiguration": {"level": LEVELS[first[code].severity]},
        }
        for code in codes
    ]
    driver = {"name": "shimin-sdk", "version": importlib.metadata.version("shimin-sdk"), "rules": rules}
    results = [_result(finding, codes.index(finding.code), locale) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, index: int, locale: str) -> Mapping[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message(locale)} {finding.fix(locale)}"},
    }
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.file), "uriBaseId": "%SRCROOT%"}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result
