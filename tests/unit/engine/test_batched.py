"""Compiled resolvers: the stock executor's answers to the byte, with one question for all objects of a level."""

import asyncio
from collections.abc import Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import strawberry
from strawberry.types import Info

from shimin.kit.call import Actor, Call
from shimin.kit.refusal import NotFound
from shimin_graphql.engine.batched import Batched, NotCompilable
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.mapping import MANY
from shimin_graphql.engine.run import Engine
from shimin_graphql.schema import schema as product

ASKED: list[Sequence[int]] = []
"""For which leaves their tree was asked, question by question."""
DONE: list[str] = []
BEGUN = asyncio.Event()


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Root(Named):
    depth: int


def _trees(leaves: Sequence[Any], _info: Any) -> Any:
    async def read() -> list[Any]:
        ASKED.append([leaf.number for leaf in leaves])
        await asyncio.sleep(0)
        return [None if leaf.number == 3 else Root(name=f"tree of {leaf.number}", depth=leaf.number) for leaf in leaves]

    return read()


async def _tree(self: "Leaf", info: Info) -> Root | None:
    found: Root | None = (await _trees([self], info))[0]
    return found


@strawberry.type
class Leaf(Named):
    number: int
    colour: Colour | None = Colour.RED

    tree: Root | None = strawberry.field(resolver=_tree, metadata={MANY: _trees})

    @strawberry.field
    async def slow(self, wait: int = 0) -> str:
        for _ in range(wait):
            await asyncio.sleep(0)
        return f"slow {self.number}"

    @strawberry.field
    def strict(self) -> int:
        if self.number == 2:
            raise NotFound
        return self.number

    @strawberry.field
    async def optional(self) -> int | None:
        if self.number % 2:
            raise RuntimeError("secret")
        return None

    @strawberry.field
    def rows(self) -> list[list["Leaf"] | None]:
        return [None, [], [Leaf(name="in a list", number=self.number + 10)]]


@strawberry.type
class Query:
    @strawberry.field
    def leaves(self, count: int = 4) -> list[Leaf | None]:
        return [None if n == 1 else Leaf(name=f"leaf {n}", number=n) for n in range(count)]

    @strawberry.field
    def all_leaves(self) -> list[Leaf] | None:
        return [Leaf(name=f"leaf {n}", number=n) for n in range(4)]

    @strawberry.field
    def needed(self) -> Leaf:
        return Leaf(name="needed", number=2)

    @strawberry.field
    async def mixed(self) -> list[Named]:
        return [Leaf(name="a leaf", number=5), Root(name="a root", depth=7)]

    @strawberry.field
    def too_large(self) -> int | None:
        return 2**40

    @strawberry.field
    def nothing(self) -> str:
        return None  # type: ignore[return-value]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def step(self, name: str, wait: int) -> str:
        DONE.append(f"{name} begins")
        BEGUN.set()
        await asyncio.sleep(wait / 1000)
        DONE.append(f"{name} ends")
        return name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> Any:  # pragma: no cover - never run here
        yield 1


SCHEMA = strawberry.Schema(Query, Mutation, types=[Leaf, Root])._schema
DOCUMENTS = {
    "objects in a list": "{ leaves { name number colour } }",
    "aliases and a field twice": "{ a: leaves(count: 2) { n: name n: name number } b: leaves(count: 1) { number } }",
    "fragments": "{ leaves { ...F } } fragment F on Leaf { name ...G } fragment G on Named { __typename name }",
    "directives": "query ($y: Boolean!) { leaves { name @skip(if: $y) number @include(if: $y) } __typename }",
    "what waits beside what does not": "{ leaves { slow slowly: slow(wait: 3) number } }",
    "an error where null may stand": "{ leaves { optional name } }",
    "an error that takes its object": "{ leaves { strict name } }",
    "an error that takes a list": "{ allLeaves { strict name slow } needed { name } }",
    "an error that takes everything": "{ needed { strict } leaves { name } }",
    "null where none may stand": "{ leaves { name } nothing }",
    "lists of lists": "{ leaves { rows { number rows { name } } } }",
    "an interface": "{ mixed { __typename name ... on Leaf { number tree { depth } } ... on Root { depth } } }",
    "a number that does not fit": "{ tooLarge leaves { number } }",
    "many at once": "{ leaves { tree { name depth } } }",
    "variables": "query ($n: Int = 3) { leaves(count: $n) { number } }",
}
VARIABLES: dict[str, dict[str, Any]] = {"directives": {"y": True}}


def engine(tier: Any) -> Engine:
    return Engine(SCHEMA, timeout_s=5, hide_suggestions=True, tier=tier)


def context() -> Any:
    call = Call(actor=Actor(kind="anonymous", id="anyone"), trace_id="t")
    return SimpleNamespace(call=call, platform=None, loaders={})


async def answer(tier: Any, text: str, variables: dict[str, Any] | None = None) -> Any:
    document = Documents(SCHEMA).compile(text)
    reply = await engine(tier).reply(document, variables or {}, context())
    found = orjson.loads(reply.body)
    found.get("errors", []).sort(key=lambda error: orjson.dumps(error.get("path")))
    return orjson.dumps(found)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_compiled_resolvers_answer_as_the_stock_executor(name: str) -> None:
    text, variables = DOCUMENTS[name], VARIABLES.get(name)
    assert await answer("batched", text, variables) == await answer("stock", text, variables)


@pytest.mark.parametrize("value", ["three", None, 2.5, 2**31, [1], True])
async def test_a_variable_that_does_not_fit_is_the_same_error(value: object) -> None:
    text = "query ($n: Int! = 3) { leaves(count: $n) { number } }"
    assert await answer("batched", text, {"n": value}) == await answer("stock", text, {"n": value})


@pytest.mark.parametrize("text", ["{ leaves { number @skip(if: $y) } }", "{ needed @include(if: $y) { name } }"])
async def test_a_directive_that_is_asked_with_null_is_the_same_error(text: str) -> None:
    text = f"query ($y: Boolean = true) {text}"
    for variables in ({"y": None}, {"y": True}, {}):
        assert await answer("batched", text, variables) == await answer("stock", text, variables)


async def test_a_question_about_the_schema_behind_a_directive_is_left_to_the_stock_executor() -> None:
    text = "query ($y: Boolean!) { leaves { number } __schema @include(if: $y) { queryType { name } } }"
    for variables in ({"y": True}, {"y": False}):
        assert await answer("batched", text, variables) == await answer("stock", text, variables)


async def test_a_wrong_argument_is_told_before_the_rule_of_who_may_ask() -> None:
    text = 'query ($id: ID = "x") { payment(id: $id) { id } }'
    document = Documents(product._schema).compile(text)
    replies = []
    for tier in ("stock", "batched"):
        made = Engine(product._schema, timeout_s=5, hide_suggestions=True, tier=tier)
        replies.append((await made.reply(document, {"id": None}, context())).body)
    assert replies[0] == replies[1]
    assert b"DOCUMENT_INVALID" in replies[0]


async def test_a_field_is_asked_once_for_all_objects_of_its_level() -> None:
    ASKED.clear()
    await answer("batched", "{ leaves(count: 5) { tree { name } } }")
    assert ASKED == [[0, 2, 3, 4]]


async def test_mutations_run_one_after_another_in_the_documents_order() -> None:
    DONE.clear()
    text = 'mutation { b: step(name: "first", wait: 5) a: step(name: "second", wait: 0) }'
    assert orjson.loads(await answer("batched", text)) == {"data": {"b": "first", "a": "second"}}
    assert DONE == ["first begins", "first ends", "second begins", "second ends"]


async def test_who_goes_away_stops_what_runs() -> None:
    DONE.clear()
    BEGUN.clear()
    task = asyncio.create_task(answer("batched", 'mutation { step(name: "long", wait: 5000) }'))
    await BEGUN.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert DONE == ["long begins"]


@pytest.mark.parametrize("text", ["{ __schema { queryType { name } } }", '{ __type(name: "Leaf") { name } }'])
async def test_questions_about_the_schema_are_left_to_the_stock_executor(text: str) -> None:
    document = Documents(SCHEMA).compile(text)
    with pytest.raises(NotCompilable):
        Batched(SCHEMA, document.ast, document.operation, hide_suggestions=True)
    assert await answer("batched", text) == await answer("stock", text)
