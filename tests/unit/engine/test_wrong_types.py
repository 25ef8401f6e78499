"""A value of a wrong type is the request's fault, of whichever scalar: 400, one code, where it is, and no advice."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import httpx
import pytest
import strawberry
from graphql import is_scalar_type
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from shimin.kit.call import ANONYMOUS, Call
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine, Tier
from shimin_graphql.schema import schema
from shimin_graphql.types.base import ANYONE, SCALARS, MinorUnits, field


@strawberry.enum
class Colour(Enum):
    RED = "red"


@strawberry.input
class Thing:
    name: str
    sizes: list[int] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    @field(allow=ANYONE)
    async def take(
        self,
        info: Info,  # noqa: ARG002
        int: int | None = None,  # noqa: A002
        float: float | None = None,  # noqa: A002
        string: str | None = None,
        boolean: bool | None = None,  # noqa: FBT001
        id: strawberry.ID | None = None,  # noqa: A002
        instant: datetime | None = None,
        day: date | None = None,
        json: JSON | None = None,
        money: MinorUnits | None = None,
        colour: Colour | None = None,
        thing: Thing | None = None,
        things: list[Thing] | None = None,
    ) -> str:
        """Take one of each."""
        return repr((int, float, string, boolean, id, instant, day, json, money, colour, thing, things))


SCHEMA = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=dict(SCALARS)))
TAKEN = {
    "Int": "int", "Float": "float", "String": "string", "Boolean": "boolean", "ID": "id", "DateTime": "instant",
    "Date": "day", "JSON": "json", "MinorUnits": "money", "Colour": "colour", "Thing": "thing", "[Thing!]": "things",
}  # fmt: skip
"""The argument of each type."""
WRONG: dict[str, list[Any]] = {
    "Int": ["1", 1.5, True, 2**31, -(2**31) - 1, 10**30, [1, 2], {}, ""],
    "Float": ["1", True, [1.5, 2], {}],
    "String": [1, 1.5, True, ["a", "b"], {}],
    "Boolean": [0, 1, "true", "", [True, False], {}],
    "ID": [1.5, True, ["a", "b"], {}],
    "DateTime": ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-23", "2026-11-23T04:00:00", 5, True, [], {}],
    "Date": ["", "yesterday", "2026-02-30", "2026-11-23T00:00:00Z", 5, True, {}],
    "MinorUnits": ["", "1.5", "1e3", "一", "１２", "1_000", " 1", "9" * 19, 5, 1.5, True, [], {}],
    "Colour": ["red", "BLUE", "", 1, True, {}],
    "Thing": ["a", 1, {}, {"name": None}, {"name": 1}, {"name": "a", "colour": 1}, {"name": "a", "sizes": ["1"]}],
    "[Thing!]": [[None], [{"name": "a"}, {}], "a"],
}
GOOD: dict[str, list[Any]] = {
    "DateTime": ["2026-11-23T04:00:00Z", "2026-11-23T12:00:00.5+08:00"],
    "Date": ["2026-11-23"],
    "MinorUnits": ["0", "-5", "900719925474099312"],
    "JSON": [1, "a", True, [1, {"a": None}]],
}
CASES = [(kind, value) for kind, values in WRONG.items() for value in values]


@dataclass
class Nowhere:
    """A context without a platform: nothing here reaches one."""


async def make_context(headers: Headers) -> Context:  # noqa: ARG001
    nowhere: Any = Nowhere()
    return Context(call=Call(actor=ANONYMOUS, locale="en"), platform=nowhere)


def serving(tier: Tier) -> Starlette:
    """Return an application that runs documents in this way."""
    documents = Documents(SCHEMA._schema)
    engine = Engine(documents.schema, timeout_s=5, hide_suggestions=True, tier=tier)
    intake = Intake(documents, make_context, Origins(), body_bytes_max=10_000, texts_allowed=True)
    return Starlette(routes=[Route("/graphql", GraphQLEndpoint(engine, intake))])


TIERS: tuple[Tier, ...] = ("batched", "stock")
APPS = {tier: serving(tier) for tier in TIERS}


async def ask(tier: Tier, query: str, **variables: Any) -> httpx.Response:
    """Send a document."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APPS[tier]), base_url="http://shimin.test") as client:
        return await client.post("/graphql", json={"query": query, "variables": variables})


def refused(response: httpx.Response) -> None:
    """Go on only if the response says that the request is at fault, where, and nothing else."""
    answer = response.json()
    assert response.status_code == 400, answer
    assert "data" not in answer
    error = answer["errors"][0]
    assert error["extensions"]["code"] == "DOCUMENT_INVALID"
    assert error["locations"][0]["line"] == 1
    for inside in ("Did you mean", "Traceback", ".py", "object at 0x"):
        assert inside not in response.text


@pytest.mark.parametrize(("kind", "value"), CASES)
async def test_a_variable_of_a_wrong_type_is_a_request_error(kind: str, value: Any) -> None:
    for tier in TIERS:
        refused(await ask(tier, f"query($v: {kind}) {{ take({TAKEN[kind]}: $v) }}", v=value))


def literal(value: Any) -> str:
    """Write a value as a document does."""
    if isinstance(value, dict):
        return "{" + " ".join(f"{name}: {literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(literal(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(("kind", "value"), CASES)
async def test_a_literal_of_a_wrong_type_is_a_request_error(kind: str, value: Any) -> None:
    refused(await ask("stock", f"{{ take({TAKEN[kind]}: {literal(value)}) }}"))


@pytest.mark.parametrize("kind", GOOD)
async def test_values_of_the_right_type_are_taken(kind: str) -> None:
    for tier in TIERS:
        for value in GOOD[kind]:
            answer = (await ask(tier, f"query($v: {kind}) {{ take({TAKEN[kind]}: $v) }}", v=value)).json()
            assert "errors" not in answer, answer


def test_every_scalar_of_the_schema_is_in_the_table() -> None:
    scalars = {name for name, kind in schema._schema.type_map.items() if is_scalar_type(kind)}
    assert scalars - {"JSON"} <= set(WRONG), "anything at all is JSON"
