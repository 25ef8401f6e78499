"""Registrations of sources: everything written out, or the file is refused with the place; and what may pass."""

from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.kit.text import LOCALES, say, text_codes
from shimin.vault import SourceRead, SourceRegistrationInvalid, read_registrations
from shimin.vault.model import let_through
from shimin.vault.read_bill import FIELDS as BILL
from shimin.vault.read_social_insurance import FIELDS as INSURANCE

GOOD = """
[hrss]
department_id = "hrss.linhai"
[hrss.operations.overview]
path = "/hrss/overview"
timeout_s = 2.0
answer_bytes_max = 65536
fresh_s = 0
stale_s = 600
[hrss.operations.overview.inputs]
type = "object"
properties.id_number = { type = "string", maxLength = 18 }
[hrss.operations.overview.returns]
type = "object"
properties.balance = { type = "integer", classification = "sensitive" }
[hrss.operations.overview.returns.properties.bills]
type = "array"
maxItems = 10
items = { type = "string", maxLength = 9, classification = "public" }
"""


def test_a_complete_registration_is_read() -> None:
    spec = read_registrations(GOOD)["hrss"]
    operation = spec.operations["overview"]
    assert (spec.department_id, operation.path, operation.timeout_s) == ("hrss.linhai", "/hrss/overview", 2.0)
    assert (operation.fresh_s, operation.stale_s, operation.answer_bytes_max) == (0, 600, 65536)


def test_the_demonstration_citys_registrations_are_read() -> None:
    specs = read_registrations((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"))
    assert {name: set(spec.operations) for name, spec in specs.items()} == {
        "population": {"match"},
        "hrss": {"social_insurance", "bill", "record_payment"},
    }


WRONG = {
    "not toml": ("[hrss]", "[hrss", "file"),
    "unknown key": ('department_id = "hrss.linhai"', 'department_id = "hrss.linhai"\nurl = "http://x"', "hrss"),
    "department": ('"hrss.linhai"', '"HRSS"', "hrss.department_id"),
    "path climbs": ('"/hrss/overview"', '"/hrss/../admin"', ".path"),
    "path with host": ('"/hrss/overview"', '"//evil.example/x"', ".path"),
    "no time limit": ("timeout_s = 2.0", "", ".timeout_s"),
    "endless": ("timeout_s = 2.0", "timeout_s = 600", ".timeout_s"),
    "time as text": ("timeout_s = 2.0", 'timeout_s = "2"', ".timeout_s"),
    "no size limit": ("answer_bytes_max = 65536", "", ".answer_bytes_max"),
    "sensitive kept long": ("stale_s = 600", "stale_s = 3600", ".stale_s"),
    "no classification": (', classification = "sensitive"', "", ".returns.balance"),
    "unknown classification": ('"sensitive"', '"secret"', ".returns.balance"),
    "array without limit": ("maxItems = 10\n", "\n", ".returns.bills"),
    "array limit as text": ("maxItems = 10", 'maxItems = "10"', ".returns.bills"),
    "text without limit": ("maxLength = 9, ", "", ".returns.bills[]"),
    "reference": ('{ type = "integer", classification', '{ "$ref" = "http://x", classification', ".returns.balance"),
    "two types": ('type = "integer"', 'type = ["integer", "string"]', ".returns.balance"),
    "open object": ('{ type = "integer", classification = "sensitive" }', '{ type = "object" }', ".returns.balance"),
    "odd name": ("[hrss.operations.overview]", "[hrss.operations.Overview]", ".Overview"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_incomplete_or_open_registration_is_refused_with_its_place(case: str) -> None:
    before, after, where = WRONG[case]
    assert before in GOOD
    with pytest.raises(SourceRegistrationInvalid) as refused:
        read_registrations(GOOD.replace(before, after, 1))
    assert where in refused.value.where


def test_a_source_without_operations_and_a_giant_file_are_refused() -> None:
    with pytest.raises(SourceRegistrationInvalid):
        read_registrations('[hrss]\ndepartment_id = "hrss.linhai"')
    with pytest.raises(SourceRegistrationInvalid):
        read_registrations("#" * (1024 * 1024 + 1))


def test_every_scope_that_can_be_read_has_words_in_every_language() -> None:
    for scope in {*BILL.values(), *INSURANCE.values()}:
        assert f"scope.{scope}" in text_codes()
        for locale in LOCALES:
            assert say(f"scope.{scope}", locale) != f"scope.{scope}"


LEAVES = {"pension.balance": "a", "pension.months": "b", "bills.title": "c", "bills.amount": "d", "top": "e"}
ASK = SourceRead(source="s", operation="o", fields=LEAVES)
json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pension", "bills", "balance", "months", "title", "amount", "top", "x"]), inner
        )
    ),
    max_leaves=12,
)


def leaf_paths(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {
            found for name, inner in value.items() for found in leaf_paths(inner, f"{path}.{name}" if path else name)
        }
    if isinstance(value, list):
        return {found for inner in value for found in leaf_paths(inner, path)}
    return {path} if value is not None else set()


@given(
    data=st.dictionaries(st.sampled_from(["pension", "bills", "top", "x"]), json_values),
    scopes=st.sets(st.sampled_from("abcde")),
)
def test_nothing_outside_the_covered_scopes_ever_passes(data: dict[str, Any], scopes: set[str]) -> None:
    """Whatever shape an answer has, each leaf that passes lies at or below a path whose scope is covered."""
    allowed = [path for path, scope in LEAVES.items() if scope in scopes]
    for leaf in leaf_paths(let_through(data, ASK, scopes)):
        assert any(leaf == path or leaf.startswith(f"{path}.") for path in allowed)


def test_everything_covered_passes_unchanged() -> None:
    data = {"pension": {"balance": {"amount_minor": 1, "currency": "CNY"}, "months": 0}, "bills": [{"title": "t"}]}
    assert let_through(data, ASK, set("abcde")) == data
