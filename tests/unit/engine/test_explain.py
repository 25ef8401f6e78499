"""What is said of a document is what happens when it runs."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from shimin.config import Settings
from shimin.db.dialect import DIALECTS
from shimin.kit.digest import sha256_id
from shimin_graphql.edge import SchemaEdge, make_edge
from shimin_graphql.engine.plan import Planner


@pytest.fixture(scope="module")
def edge() -> SchemaEdge:
    return make_edge(Settings())


def roots(explained: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    return {root["key"]: (root["tier"], root["rule"]) for root in explained["roots"]}


def test_the_home_screen_is_one_statement_on_each_engine(edge: SchemaEdge) -> None:
    home = next(text for text in edge.distributed().values() if text.startswith("query Home"))
    explained = edge.explain(home)
    assert roots(explained) == {
        "viewer": (1, "signed in"),
        "unreadCount": (1, "citizen"),
        "inbox": (1, "citizen"),
        "bills": (1, "citizen"),
        "miniApps": (1, "anyone"),
    }
    for engine in ("postgres", "sqlite"):
        document = edge.documents.trusted(sha256_id(home))
        plan = Planner(edge.engine.schema, document, DIALECTS[engine], keep=False).draw("zh-Hans", explained["assumed"])
        assert plan.resolved is None
        assert plan.private is not None
        (shown,) = explained["statements"][engine]
        run = " ".join(line for line in shown.splitlines() if not line.startswith("-- "))
        assert run == plan.private.compiled.single


def test_every_distributed_document_can_be_explained_as_json(edge: SchemaEdge) -> None:
    for document_id, text in edge.distributed().items():
        explained = edge.explain(text)
        assert explained["id"] == document_id
        assert orjson.loads(orjson.dumps(explained)) == explained
        assert all(root["rule"] for root in explained["roots"])
        assert all((root["tier"] == 1) == (root["reason"] == "") for root in explained["roots"])


def test_a_part_that_is_not_compiled_says_why_and_what_it_reads(edge: SchemaEdge) -> None:
    explained = edge.explain(
        "query Q($with: Boolean!, $n: Int) { count: unreadCount inbox(first: $n) @include(if: $with)"
        " { edges { cursor } } socialInsurance { pension { balance { amountMinor } } } __typename }"
    )
    assert roots(explained) == {
        "count": (1, "citizen"),
        "inbox": (1, "citizen"),
        "socialInsurance": (2, "citizen or mini-app"),
        "__typename": (2, "anyone"),
    }
    assert explained["assumed"] == {"with": True, "n": None}
    assert explained["scopes"] == [{"scope": "insurance.pension.balance", "path": "socialInsurance.pension.balance"}]
    assert "resolver" in explained["roots"][2]["reason"]
    assert [len(statements) for statements in explained["statements"].values()] == [1, 1]


def test_what_changes_something_is_not_compiled(edge: SchemaEdge) -> None:
    explained = edge.explain("mutation { signOut { __typename } }")
    assert roots(explained) == {"signOut": (2, "signed in")}
    assert explained["statements"] == {}


def test_what_only_the_stock_executor_can_do_slows_nothing_that_is_kept_apart(edge: SchemaEdge) -> None:
    explained = edge.explain(
        "{ unreadCount guides { edges { cursor } } viewer { id } __schema { queryType { name } } }"
    )
    tiers = {key: tier for key, (tier, _) in roots(explained).items()}
    assert tiers == {"unreadCount": 1, "guides": 2, "viewer": 1, "__schema": 3}
    assert explained["roots"][1]["kept_until"] == ["catalogue.guides_imported"]
    assert roots(edge.explain("subscription { messageArrived { id } }")) == {"messageArrived": (3, "citizen")}


def test_no_tier_is_promised_that_the_settings_turn_off() -> None:
    for tier, number in (("batched", 2), ("stock", 3)):
        explained = make_edge(Settings(engine_tier=tier)).explain("{ unreadCount }")
        assert [(root["tier"], tier in root["reason"]) for root in explained["roots"]] == [(number, True)]
        assert explained["statements"] == {}
