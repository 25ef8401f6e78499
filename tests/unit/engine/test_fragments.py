"""Public parts are kept until the fact that changes them, and not believed where nobody listens for facts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
import pytest
from tests.unit.engine.inbox import Desk, citizen

from shimin import departments
from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.db import Database
from shimin.departments import Department
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import DepartmentId
from shimin.ports.edge import PUBLIC_CHANGED
from shimin.reactions import REACTIONS
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.plan import public_facts
from shimin_graphql.schema import schema

FACTS = frozenset({"guides.changed"})


class Seconds:
    """A clock that moves when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def believed(bytes_max: int = 1000) -> Fragments:
    made = Fragments(bytes_max=bytes_max, monotonic_s=Seconds())
    made._looked_at_s = 0.0
    return made


def test_a_part_is_kept_until_its_fact_and_no_other() -> None:
    fragments = believed()
    fragments.keep("a", b"1", FACTS, mark=fragments.mark())
    fragments.drop("something.else")
    assert fragments.get("a") == b"1"
    fragments.drop("guides.changed")
    assert fragments.get("a") is None


def test_a_part_worked_out_before_a_change_is_not_kept_after_it() -> None:
    fragments = believed()
    mark = fragments.mark()
    fragments.drop("guides.changed")
    fragments.keep("a", b"old", FACTS, mark=mark)
    assert fragments.get("a") is None


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    fragments = believed(bytes_max=800)
    for name in "abcdefgh":
        fragments.keep(name, b"x" * 100, FACTS, mark=fragments.mark())
    fragments.get("a")
    fragments.keep("i", b"x" * 100, FACTS, mark=fragments.mark())
    fragments.keep("huge", b"x" * 500, FACTS, mark=fragments.mark())
    assert (fragments.get("a"), fragments.get("b"), fragments.get("huge"), len(fragments)) == (
        b"x" * 100,
        None,
        None,
        8,
    )


def test_nothing_kept_is_believed_where_nobody_has_looked_lately() -> None:
    seconds = Seconds()
    fragments = Fragments(monotonic_s=seconds)
    fragments.keep("a", b"1", FACTS, mark=fragments.mark())
    assert fragments.get("a") is None
    fragments._looked_at_s = 0.0
    assert fragments.get("a") == b"1"
    seconds.now = 5.5
    assert fragments.get("a") is None


def test_every_fact_that_changes_a_public_answer_is_announced() -> None:
    """A fact without a reaction would be found by looking alone, seconds late."""
    announcing = {name for name, chain in REACTIONS.items() if any(r.__name__ == "_public_changed" for r in chain)}
    assert announcing == public_facts(schema._schema)


@pytest.fixture
async def desk(db: Database, frozen_clock: FixedClock) -> AsyncIterator[Desk]:
    """Give an inbox whose engine keeps public parts, with somebody watching."""
    fragments, pubsub = Fragments(), MemoryPubSub()
    made = Desk(db, frozen_clock, fragments)
    await made.fill()
    watching = asyncio.create_task(fragments.watch(public_facts(made.documents.schema), db=db, pubsub=pubsub))
    made.pubsub = pubsub  # type: ignore[attr-defined] # for this test alone
    while fragments._looked_at_s < 0:  # noqa: ASYNC110 - there is nothing else to wait for
        await asyncio.sleep(0.01)
    yield made
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


TEXT = "{ guideNavigation { total } unreadCount guides(first: 1) { edges { cursor } } }"


async def test_a_public_part_is_worked_out_once_and_given_to_everybody(desk: Desk) -> None:
    assert desk.fragments is not None
    first = await desk.compiled(TEXT)
    kept = len(desk.fragments)
    again = await desk.compiled(TEXT)
    assert (kept, first) == (2, again)
    assert first == await desk.resolved(TEXT)
    public = await desk.tried("{ guideNavigation { total } }", call=Call(actor=ANONYMOUS))
    assert public is not None
    assert public.public
    private = await desk.tried(TEXT)
    assert private is not None
    assert not private.public


async def test_a_hint_drops_a_part_at_once_and_looking_finds_what_no_hint_told(desk: Desk) -> None:
    assert desk.fragments is not None
    await desk.compiled(TEXT)
    await desk.pubsub.publish(PUBLIC_CHANGED, b"catalogue.guides_imported")  # type: ignore[attr-defined]
    await asyncio.sleep(0.01)
    assert len(desk.fragments) == 0
    desk.fragments._looked_at_s = desk.fragments._monotonic_s()
    await desk.compiled("{ miniApps { id } }", call=citizen())
    assert len(desk.fragments) == 1
    desk.fragments.keep("dept", b"1", frozenset({"department.registered"}), mark=desk.fragments.mark())
    renamed = Department(DepartmentId("hrss.linhai"), {"zh-Hans": "新", "en": "New"})
    async with desk.db.unit() as unit:
        await departments.register(system_call(), renamed, unit=unit, clock=desk.clock)
    for _ in range(60):
        if desk.fragments.get("dept") is None:
            break
        await asyncio.sleep(0.1)
    assert desk.fragments.get("dept") is None


async def test_answers_of_a_language_are_not_given_in_another(desk: Desk) -> None:
    text = "{ guides(first: 1) { edges { node { title } } } miniApps { name } }"
    for locale in ("en", "zh-Hans", "en"):
        call = Call(actor=ANONYMOUS, locale=locale)
        assert orjson.loads(await desk.compiled(text, call=call)) == orjson.loads(await desk.resolved(text, call=call))
