"""The reference pages say what the code says."""

import collect
import reference
from install import ROOT


def test_the_reference_pages_are_fresh() -> None:
    assert reference.stale() == [], "run: make docs"


def test_every_refusal_has_a_line() -> None:
    page = (ROOT / "docs/reference/refusals.md").read_text("utf-8")
    assert [refusal.code for refusal in collect.refusals() if f"| `{refusal.code}` |" not in page] == []


def test_every_setting_has_a_sentence() -> None:
    assert [one.variable for one in collect.settings() if not one.promise] == []
