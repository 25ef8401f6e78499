"""The page on limits says what the code does."""

import json
import re
from dataclasses import fields
from pathlib import Path

from shimin.config import Settings
from shimin_graphql.engine import budget, cost
from shimin_graphql.engine import errors as refusals
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.limits import Limits
from shimin_graphql.engine.values import ValueLimits
from shimin_graphql.schema import schema

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "graphql-limits.md").read_text("utf-8")


def test_every_limit_is_on_the_page_with_its_number() -> None:
    said = {name: int(most) for name, most in re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", PAGE, re.MULTILINE)}
    of_documents = {item.name: getattr(Limits(), item.name) for item in fields(Limits) if item.name != "values"}
    of_values = {item.name: getattr(ValueLimits(), item.name) for item in fields(ValueLimits)}
    assert said == of_documents | of_values


def test_the_weights_and_the_budget_on_the_page_are_those_of_the_code() -> None:
    weights = dict(re.findall(r"\(`([A-Z_]+_COST)`\) \| (\d+) \|", PAGE))
    assert {name: getattr(cost, name) for name in weights} == {name: int(points) for name, points in weights.items()}
    assert len(weights) == 4
    assert f"{cost.LIST_SIZE_ASSUMED} elements (`LIST_SIZE_ASSUMED`)" in PAGE
    assert f"{budget.READING_COST} points\n(`READING_COST`)" in PAGE
    assert f"{cost.INTROSPECTION_DISCOUNT} fields (`INTROSPECTION_DISCOUNT`)" in PAGE
    settings = Settings.model_fields
    assert f"{settings['document_budget'].default} points a minute" in PAGE
    assert f"share {settings['document_budget_anonymous'].default}\n" in PAGE
    assert settings["document_cost_max"].default == Limits().cost


def test_the_example_costs_what_the_page_says() -> None:
    found = re.search(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    assert found
    document = Documents(schema._schema).compile(found[1])
    said = re.findall(r"^\| `(\{.*\})` \| (\d+) \|", PAGE, re.MULTILINE)
    assert [document.cost_of(json.loads(variables)) for variables, _ in said] == [int(points) for _, points in said]
    assert len(said) == 3


def test_the_refusals_on_the_page_have_their_status() -> None:
    said = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", PAGE, re.MULTILINE))
    classes = (refusals.DocumentTooCostly, refusals.VariablesTooLarge, refusals.BudgetExhausted)
    assert said == {kind.code: str(kind.http_status) for kind in classes}
