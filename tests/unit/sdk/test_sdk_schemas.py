"""What the SDK promises by schema holds for other validators too, and the sample speaks the platform's GraphQL."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from shimin_sdk.pack import from_folder
from shimin_sdk.pack.validate import Schema, schema
from shimin_sdk.testing import Phone

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"
MANIFEST = json.loads((APP / "manifest.json").read_bytes())
FORM = json.loads((APP / "forms" / "pay.json").read_bytes())


def published(name: str) -> Any:
    return json.loads((resources.files("shimin_sdk.pack") / "schemas" / f"{name}.schema.json").read_text("utf-8"))


OTHER = {name: jsonschema_rs.Draft202012Validator(published(name)) for name in ("manifest", "form")}

scalars = (
    st.none() | st.booleans() | st.integers(-5, 3_000_000_000) | st.text(max_size=8)
    | st.sampled_from(["", "a.b.c", "server/app.py", "P1D", "../x", "zh-Hans", "1.0", "https://a.cn", "x\n"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """Return a good document with one place somewhere inside replaced, removed or added to."""
    if isinstance(good, dict) and good and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(good)))
        act = draw(st.sampled_from(["inside", "inside", "inside", "remove", "add"]))
        if act == "remove":
            return {name: item for name, item in good.items() if name != key}
        if act == "add":
            return {**good, draw(st.text(max_size=6)): draw(values)}
        return {**good, key: draw(spoiled(good[key]))}
    if isinstance(good, list) and good and draw(st.booleans()):
        at = draw(st.integers(0, len(good) - 1))
        return [*good[:at], draw(spoiled(good[at])), *good[at + 1 :]]
    return draw(values)


@settings(max_examples=300, deadline=None)
@given(spoiled(MANIFEST))
def test_our_validator_judges_manifests_as_another_does(value: Any) -> None:
    assert bool(schema("manifest").problems(value)) is not OTHER["manifest"].is_valid(value)


@settings(max_examples=150, deadline=None)
@given(spoiled(FORM))
def test_our_validator_judges_forms_as_another_does(value: Any) -> None:
    assert bool(schema("form").problems(value)) is not OTHER["form"].is_valid(value)


def test_a_schema_with_a_keyword_that_would_not_be_checked_is_refused() -> None:
    with pytest.raises(ValueError, match="oneOf"):
        Schema({"type": "object", "properties": {"a": {"oneOf": []}}})


def test_what_an_operation_describes_is_valid_json_schema() -> None:
    """Each operation's input schema takes what the page sends and refuses what the handler would."""
    described = Phone(APP).app.describe()
    for operation in described.values():
        assert jsonschema_rs.meta.is_valid({"$schema": published("form")["$schema"], **operation["input"]})
    pay = jsonschema_rs.Draft202012Validator(described["pay_bill"]["input"])
    assert pay.is_valid({"billReference": "B-1"})
    assert not pay.is_valid({"billReference": "B 1"})
    assert not pay.is_valid({"billReference": "B-1", "amount": 1})


def test_the_documents_of_the_sample_and_of_the_templates_fit_the_platforms_schema() -> None:
    platform = build_schema((ROOT / "graphql" / "schema.graphql").read_text("utf-8"))
    texts = {item.path: item.text for item in from_folder(APP).documents}
    for path in (ROOT / "sdk" / "shimin_sdk" / "cli" / "templates").rglob("*.graphql.tmpl"):
        texts[str(path)] = path.read_text("utf-8")
    assert len(texts) == 5
    assert {path: validate(platform, parse(text)) for path, text in texts.items()} == {path: [] for path in texts}


def test_a_package_gives_the_platform_what_it_registers() -> None:
    package = from_folder(APP)
    assert package.names == {"zh-Hans": "临海社保", "en": "Linhai Social Security"}
    assert (package.app_id, package.department) == ("linhai.hrss.social-security", "hrss.linhai")
    assert [(item.path, item.retention, item.required) for item in package.documents] == [
        ("operations/overview.graphql", "P0D", True),
        ("operations/request_payment.graphql", "P0D", True),
    ]
    assert all(item.purpose.keys() == {"zh-Hans", "en"} for item in package.documents)
