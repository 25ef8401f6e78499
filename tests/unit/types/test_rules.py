"""Every field says who may read it, and what it says holds in whichever way a document is run."""

import json
from typing import Any

import pytest
import strawberry
from tests.unit.engine.inbox import Desk, citizen

from shimin import messages
from shimin.db import Database, Same
from shimin.kit.call import Actor, Call
from shimin.kit.clock import FixedClock
from shimin_graphql.context import Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.run import Engine, Tier
from shimin_graphql.types.access import ANYONE, CITIZEN, HOLDER, attribute, object_type, role
from shimin_graphql.types.base import Connection, field
from shimin_graphql.types.rows import pages, rows, value
from shimin_graphql.types.rules import require_rules

AUDITOR = role("auditor")
TIERS: tuple[Tier, ...] = ("compiled", "batched", "stock")


@strawberry.interface
class Named:
    """What sealed and open things share."""

    id: strawberry.ID


@rows(messages.INBOX)
@object_type(allow=HOLDER)
class Note(Named):
    """A message; its template is for auditors."""

    sender: str
    template: str = attribute(allow=AUDITOR)
    payment_id: strawberry.ID | None = value(Same("payment_id"), allow=AUDITOR)
    read_at: strawberry.ID | None = value(Same("payment_id"), allow=CITIZEN)


@rows(messages.INBOX)
@object_type(allow=AUDITOR)
class Sealed(Named):
    """A message that only auditors may look into; but whom it is from is no secret."""

    template: str
    sender: str = attribute(allow=ANYONE)


@strawberry.type
class Query:
    """Notes and sealed things."""

    notes = pages(Note, messages.INBOX, order="newest", allow=CITIZEN, description="All.")
    sealed = pages(Sealed, messages.INBOX, order="newest", allow=CITIZEN, description="All, sealed.")

    @field(allow=ANYONE)
    async def handed_over(self, info: Info) -> Sealed:
        """One that a resolver hands to whoever asks."""
        del info
        return Sealed(id=strawberry.ID("1"), template="t", sender="s")


SCHEMA = strawberry.Schema(query=Query)
require_rules(SCHEMA._schema)


@pytest.fixture
async def desk(db: Database, frozen_clock: FixedClock) -> Desk:
    desk = Desk(db, frozen_clock)
    await desk.fill()
    desk.documents = Documents(SCHEMA._schema)
    desk.engine = Engine(SCHEMA._schema, timeout_s=5, hide_suggestions=True)
    return desk


async def ask(desk: Desk, tier: Tier, text: str, call: Call | None = None) -> Any:
    engine = Engine(SCHEMA._schema, timeout_s=5, hide_suggestions=True, tier=tier)
    reply = await engine.reply(desk.documents.compile(text), {}, desk.context(call or citizen()))
    return json.loads(reply.body)


def listed(kind: str, name: str) -> str:
    return f"{{ {kind}(first: 1) {{ edges {{ node {{ {name} }} }} }} }}"


REFUSED = (
    listed("notes", "template"),
    listed("notes", "sender paymentId"),
    listed("notes", "... on Named { ... on Note { template } }"),
    listed("sealed", "id"),
    listed("sealed", "template"),
    listed("sealed", "... on Named { id }"),
    "{ handedOver { template } }",
)


@pytest.mark.parametrize("tier", TIERS)
async def test_a_stricter_field_is_refused_and_shows_nothing(desk: Desk, tier: Tier) -> None:
    for text in REFUSED:
        answer = await ask(desk, tier, text)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_ALLOWED"], text
        assert "payment." not in json.dumps(answer)
        assert "msg_" not in json.dumps(answer)


@pytest.mark.parametrize("tier", TIERS)
async def test_those_who_fit_a_stricter_rule_read_on(desk: Desk, tier: Tier) -> None:
    auditor = Call(actor=Actor(kind="operator", id="stf_1", roles=frozenset({"auditor"})))
    assert await ask(desk, tier, "{ handedOver { id template sender } }", auditor) == {
        "data": {"handedOver": {"id": "1", "template": "t", "sender": "s"}}
    }
    assert await ask(desk, tier, "{ handedOver { sender } }") == {"data": {"handedOver": {"sender": "s"}}}
    for text in (listed("notes", "id sender readAt"), listed("sealed", "sender")):
        assert "errors" not in await ask(desk, tier, text)


async def test_a_rule_that_the_caller_fits_leaves_the_query_compiled(desk: Desk) -> None:
    for text in (listed("notes", "id sender readAt"), listed("sealed", "sender")):
        assert await desk.tried(text) is not None
    for text in REFUSED:
        assert await desk.tried(text) is None


def test_a_field_without_a_rule_fails_the_build_and_is_named() -> None:
    @strawberry.type
    class Silent:
        whispered: str
        told: str = attribute(allow=ANYONE)

    @strawberry.type
    class Heir(Note):
        inherited: str

    @strawberry.type
    class Loose:
        loose: str

        @field(allow=ANYONE)
        def silent(self) -> list[Silent]:
            return []

        @field(allow=ANYONE)
        def heirs(self) -> Connection[Heir]:
            return Connection.of([], has_next=False)

    with pytest.raises(TypeError) as refused:
        require_rules(strawberry.Schema(query=Loose)._schema)
    named = str(refused.value).removeprefix("nobody says who may read ").partition(";")[0].split(", ")
    assert {"Loose.loose", "Silent.whispered", "Heir.inherited", "Heir.id", "Heir.sender"} <= set(named)
    assert {name.partition(".")[0] for name in named} == {"Loose", "Silent", "Heir"}
    assert "Silent.told" not in named


def test_the_schema_shows_rules_where_they_are_stricter() -> None:
    told = SCHEMA.as_str()
    assert 'type Sealed implements Named @allow(who: ["auditor"])' in told
    assert 'template: String! @allow(who: ["auditor"])' in told
    assert "type Note implements Named {" in told
