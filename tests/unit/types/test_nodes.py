"""What has an id of its own is found by it, in whichever way the document is run."""

import json
from typing import Any

import orjson
import pytest
from tests.unit.engine.inbox import LIN, WU, Desk, citizen

from shimin.db import Database
from shimin.kit.clock import FixedClock
from shimin_graphql.engine.run import Engine, Tier
from shimin_graphql.schema import schema
from shimin_graphql.types.nodes import PLACES

MINE, THEIRS = f"msg_{4:032x}", f"msg_{99:032x}"
TEXT = "query Find($id: ID!) { node(id: $id) { __typename id ... on Message { sender department { name } } } }"


@pytest.fixture
async def desk(db: Database, frozen_clock: FixedClock) -> Desk:
    desk = Desk(db, frozen_clock)
    await desk.fill()
    return desk


def test_every_node_has_a_place_where_it_is_found() -> None:
    core = schema._schema
    nodes: Any = core.type_map["Node"]
    assert {place.shown.__name__ for places in PLACES.values() for place in places} == {
        kind.name for kind in core.get_possible_types(nodes)
    }


@pytest.mark.parametrize("tier", ["compiled", "batched", "stock"])
async def test_a_node_is_found_in_every_way_to_run_a_document(desk: Desk, tier: Tier) -> None:
    engine = Engine(desk.documents.schema, timeout_s=5, hide_suggestions=True, tier=tier)
    document = desk.documents.compile(TEXT)
    found = {}
    for wanted in (MINE, THEIRS):
        reply = await engine.reply(document, {"id": wanted}, desk.context(citizen(LIN)))
        found[wanted] = json.loads(reply.body)
    shown = {"__typename": "Message", "id": MINE, "sender": "hrss.linhai", "department": {"name": "人社局"}}
    assert found == {MINE: {"data": {"node": shown}}, THEIRS: {"data": {"node": None}}}


@pytest.mark.parametrize(
    "wanted", ["", "msg", "msg_", "msg_x", "ctz_lin", MINE.upper(), f"pay{MINE[3:]}", "\x00", "人_社"]
)
async def test_an_id_of_nothing_is_null(desk: Desk, wanted: str) -> None:
    answer = orjson.loads(await desk.resolved(TEXT, {"id": wanted}, citizen(WU)))
    assert answer == {"data": {"node": None}}
