"""The schema keeps its word: nothing published breaks before its time, and what will go says when."""

import re
import tomllib
from datetime import UTC, date, datetime

import published
from shimin_graphql.schema import schema
from shimin_graphql.types.deprecation import faults
from test_house import ROOT

TODAY = datetime.now(UTC).date()


def releases(changelog: str) -> dict[str, date]:
    """Return the day of each release by its version, as Keep a Changelog heads them."""
    heads = re.findall(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    return {version: date.fromisoformat(day) for version, day in heads}


def test_nothing_that_is_published_breaks() -> None:
    status, told = published.run(published.SCHEMA, published.PUBLISHED, publish=False, today=TODAY)
    assert status == 0, told


def test_what_is_deprecated_says_since_and_until_and_goes_in_time() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    known = releases((ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert faults(schema._schema, known, next_release=version, today=TODAY) == []


def test_the_days_of_releases_are_read_from_the_changelog() -> None:
    text = "## Unreleased\n## 0.2.0 - 2027-01-15\n## [0.1.0] - 2026-12-01\n"
    assert releases(text) == {"0.2.0": date(2027, 1, 15), "0.1.0": date(2026, 12, 1)}
