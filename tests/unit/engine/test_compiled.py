"""A compiled query answers byte for byte as the resolvers do, or leaves the answer to them."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
import strawberry
from tests.unit.engine.inbox import LIN, WU, Desk, citizen

from shimin import departments, messages
from shimin.db import Database
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.clock import FixedClock
from shimin_graphql.types.departments import Department
from shimin_graphql.types.rows import link, rows

NODE = "id senderKind sender department { id name } template title body paymentId sentAt readAt"
LONG = "a" * 200


@pytest.fixture
async def desk(db: Database, frozen_clock: FixedClock) -> Desk:
    """Give a filled inbox."""
    made = Desk(db, frozen_clock)
    await made.fill()
    return made


PAGE = "edges { cursor node { id } } pageInfo { ...P }"
MANY = " ".join(f"a{number}: id b{number}: title" for number in range(48))
FLAGGED = (
    "query Q($no: Boolean!) { unreadCount @skip(if: $no) inbox { edges { node { id @include(if: $no) title } } } }"
)
EMPTIED = (
    "query Q($y: Boolean = true) { inbox { edges { node { id @skip(if: $y) } } pageInfo { endCursor @skip(if: $y) } }"
    " bills { edges { cursor @skip(if: $y) } } }"
)
NESTED = (
    "query { ...Q } fragment Q on Query { inbox(first: 3) { ...C } } fragment C on MessageConnection { edges { ... {"
    " node { ... on Message { id ...M } } } } } fragment M on Message { title }"
)
TYPED = (
    "{ inbox(first: 1) { __typename edges { __typename node { __typename department { __typename } } } pageInfo {"
    " __typename hasNextPage } } }"
)
ANSWERED: dict[str, tuple[str, dict[str, Any]]] = {
    "everything of a page": (
        f"{{ inbox(first: 100) {{ edges {{ cursor node {{ {NODE} }} }} pageInfo {{ ...P }} }} }}",
        {},
    ),
    "a default page": (f"{{ inbox {{ edges {{ node {{ {NODE} }} }} }} }}", {}),
    "aliases": ("{ a: inbox(first: 2) { e: edges { node { x: id } } } b: unreadCount }", {}),
    "merged fields": ("{ inbox { edges { node { x: id } } edges { node { y: id x: id } } } }", {}),
    "names longer than an engine's": (
        f"{{ {LONG}b: inbox {{ edges {{ {LONG}c: cursor }} }} {LONG}: unreadCount }}",
        {},
    ),
    "more members than a function takes arguments": (f"{{ inbox(first: 1) {{ edges {{ node {{ {MANY} }} }} }} }}", {}),
    "fragments, nested and named": (NESTED, {}),
    "type names everywhere": (TYPED, {}),
    "directives by constant": ("{ inbox { edges { node { id @skip(if: true) title @include(if: true) } } } }", {}),
    "a directive by variable": (FLAGGED, {"no": True}),
    "the same directive the other way": (FLAGGED, {"no": False}),
    "objects of which directives leave nothing": (EMPTIED, {"y": True}),
    "variables with a default": ("query Q($n: Int = 2) { inbox(first: $n) { edges { node { id } } } }", {}),
    "a variable that is null": ("query Q($n: Int) { inbox(first: $n) { edges { node { id } } } }", {"n": None}),
    "a page that is just full": (f"{{ inbox(first: 12) {{ {PAGE} }} }}", {}),
    "a page from the end": (f"{{ inbox(last: 5) {{ {PAGE} }} }}", {}),
    "a page from the end by variable": (f"query Q($n: Int) {{ inbox(last: $n) {{ {PAGE} }} }}", {"n": 12}),
    "page info alone": ("{ inbox(first: 3) { pageInfo { ...P } } }", {}),
    "two lists side by side": (
        "{ a: inbox(first: 1) { edges { cursor } } b: inbox(last: 1) { edges { cursor } } }",
        {},
    ),
    "an empty list": (f"{{ payments {{ {PAGE} }} bills {{ edges {{ cursor }} }} }}", {}),
    "a row that is not there": ('{ payment(id: "pay_none") { id amount { currency } } }', {}),
    "a plain list": ("{ miniApps(first: 5) { id name } }", {}),
}
PAGE_INFO = " fragment P on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.mark.parametrize("name", ANSWERED)
async def test_a_compiled_answer_is_the_resolvers_answer_to_the_byte(desk: Desk, name: str) -> None:
    text, variables = ANSWERED[name]
    text += PAGE_INFO if "...P " in text else ""
    for locale in ("zh-Hans", "en"):
        call = replace(citizen(), locale=locale)
        assert await desk.compiled(text, variables, call) == await desk.resolved(text, variables, call)


async def test_pages_follow_each_other_in_both_directions(desk: Desk) -> None:
    text = (
        "query Q($first: Int, $after: String, $last: Int, $before: String) { inbox(first: $first, after: $after,"
        " last: $last, before: $before) { edges { cursor node { id } } pageInfo { ...P } } }" + PAGE_INFO
    )
    whole = orjson.loads(await desk.compiled(text, {"first": 100}))["data"]["inbox"]["edges"]
    for size in (1, 5, 12):
        ahead: list[Any] = []
        back: list[Any] = []
        after: str | None = None
        before: str | None = None
        for _ in range(13):
            for taken, variables in (
                (ahead, {"first": size, "after": after}),
                (back, {"last": size, "before": before}),
            ):
                body = await desk.compiled(text, variables)
                assert body == await desk.resolved(text, variables)
                page = orjson.loads(body)["data"]["inbox"]
                taken[:] = taken + page["edges"] if taken is ahead else page["edges"] + taken
                if taken is ahead:
                    after = page["pageInfo"]["endCursor"] or after
                else:
                    before = page["pageInfo"]["startCursor"] or before
        assert ahead == back == whole


LEFT: dict[str, tuple[str, dict[str, Any]]] = {
    "a page beyond the limit": ("{ inbox(first: 101) { edges { node { id } } } }", {}),
    "no rows at all": ("{ inbox(first: 0) { edges { node { id } } } }", {}),
    "both ends": ("{ inbox(first: 1, last: 1) { edges { node { id } } } }", {}),
    "a cursor nobody gave out": ('{ inbox(after: "ff") { edges { node { id } } } }', {}),
    "a cursor of another list": (
        '{ inbox(after: "5b226772616e74222c226e6577657374222c2261225d") { edges { node { id } } } }',
        {},
    ),
    "a variable of the wrong type": ("query Q($n: Int) { inbox(first: $n) { edges { node { id } } } }", {"n": "3"}),
    "a variable beyond 32 bits": ("query Q($n: Int) { inbox(first: $n) { edges { node { id } } } }", {"n": 2**40}),
    "a variable that is missing": ("query Q($n: Int!) { inbox(first: $n) { edges { node { id } } } }", {}),
    "a directive that is asked with null": ("query Q($y: Boolean = true) { unreadCount @skip(if: $y) }", {"y": None}),
    "null where an argument may not be null": ("query Q($n: Int) { miniApps(first: $n) { id } }", {"n": None}),
    "a page of which no row matters": (
        "{ payments { pageInfo { hasPreviousPage } } inbox(last: 3) { pageInfo { hasNextPage } __typename } }",
        {},
    ),
    "an id that no engine can hold": ("query Q($id: ID!) { a: payment(id: $id) { id } }", {"id": "pay_\x00"}),
    "the profile of nobody": ("{ viewer { id } unreadCount }", {}),
    "introspection": ("{ __typename unreadCount }", {}),
}


@pytest.mark.parametrize("name", LEFT)
async def test_what_would_be_an_error_is_left_to_the_resolvers(desk: Desk, name: str) -> None:
    text, variables = LEFT[name]
    document = desk.documents.compile(text)
    whole = await desk.engine.reply(document, variables, desk.context(citizen()))
    assert whole.body == await desk.resolved(text, variables)


async def test_an_id_that_no_engine_can_hold_names_no_row(desk: Desk) -> None:
    text = 'query Q($id: ID!) { a: payment(id: $id) { id } b: payment(id: "\\u0000") { id } guide(code: $id) { code } }'
    document = desk.documents.compile(text)
    reply = await desk.engine.reply(document, {"id": "\x00"}, desk.context(citizen()))
    assert orjson.loads(reply.body) == {"data": {"a": None, "b": None, "guide": None}}


async def test_a_row_that_no_answer_fits_is_left_to_the_resolvers(desk: Desk) -> None:
    async with desk.db.unit() as unit:
        await unit.execute("UPDATE message SET template = 'nobody.knows' WHERE id = $1", f"msg_{5:032x}")
    text = "{ inbox(first: 100) { edges { node { title } } } }"
    assert await desk.tried(text) is None
    assert b"INTERNAL" in await desk.resolved(text)
    await desk.compiled("{ inbox(first: 2) { edges { node { title } } } }")
    unasked = "{ inbox(first: 100) { edges { node { id } } } }"
    assert await desk.compiled(unasked) == await desk.resolved(unasked)


async def test_a_nul_in_a_document_is_shown_as_the_resolvers_show_it(desk: Desk) -> None:
    async with desk.db.unit() as unit:
        await unit.execute(
            "UPDATE message SET slot_values = $1 WHERE id = $2",
            '{"amount":"1.00 CNY","subject":"before \\u0000 after"}',
            f"msg_{5:032x}",
        )
    text = "{ inbox(first: 100) { edges { node { title } } } }"
    document = desk.documents.compile(text)
    replies = await asyncio.gather(*(desk.engine.reply(document, {}, desk.context(citizen())) for _ in range(5)))
    assert {reply.body for reply in replies} == {await desk.resolved(text)}
    assert b"before \\u0000 after" in replies[0].body


async def test_nobody_sees_rows_that_the_view_does_not_give_them(desk: Desk) -> None:
    text = "{ inbox { edges { node { id } } } unreadCount }"
    wus = orjson.loads(await desk.compiled(text, call=citizen(WU)))["data"]
    assert (len(wus["inbox"]["edges"]), wus["unreadCount"]) == (1, 1)
    assert await desk.tried(text, call=Call(actor=ANONYMOUS)) is None
    app = citizen(LIN).for_release(app_id="linhai.bus", release_id="rel_1", department_id="hrss.linhai")  # type: ignore[arg-type]
    assert await desk.tried(text, call=app) is None


async def test_many_callers_at_once_each_get_their_own(desk: Desk) -> None:
    text = "query Q($n: Int) { inbox(first: $n) { edges { node { id } } } }"
    asked = [(citizen(LIN if number % 2 else WU), {"n": 1 + number % 5}) for number in range(200)]
    found = await asyncio.gather(*(desk.compiled(text, variables, call) for call, variables in asked))
    for (call, variables), body in zip(asked, found, strict=True):
        assert body == await desk.resolved(text, variables, call)


async def test_what_is_answered_in_parts_comes_in_the_documents_order(desk: Desk) -> None:
    text = '{ guide(code: "none") { title } unreadCount miniApps { id } again: unreadCount }'
    body = await desk.compiled(text)
    assert list(orjson.loads(body)["data"]) == ["guide", "unreadCount", "miniApps", "again"]
    assert body == await desk.resolved(text)


async def test_a_part_that_fails_leaves_the_others_and_says_where(desk: Desk) -> None:
    text = "{ unreadCount guides(first: 500) { edges { cursor } } }"
    document = desk.documents.compile(text)
    whole = await desk.engine.reply(document, {}, desk.context(citizen()))
    assert orjson.loads(whole.body) == orjson.loads(await desk.resolved(text))


def test_a_link_is_declared_beside_the_attribute_it_is_found_by() -> None:
    @strawberry.type
    class Linked:
        department: Department | None = link(Department, departments.DEPARTMENTS, column="sender", key="id")

    with pytest.raises(TypeError, match="found by sender"):
        rows(messages.INBOX)(Linked)
