"""What a mini-app keeps for a citizen: theirs and its alone, never lost to a change made meanwhile, and small."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin import store
from shimin.db import Database, read_page
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refusal
from shimin.store import StoreConflict, StoreFull
from shimin.store.model import as_text, from_row

LIN, WU = CitizenId("ctz_" + "1" * 32), CitizenId("ctz_" + "2" * 32)
APP, OTHER = "linhai.hrss.first", "linhai.tax.second"


def of(citizen_id: CitizenId = LIN, app_id: str = APP) -> Call:
    citizen = Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2))
    return citizen.for_release(app_id=app_id, release_id="rel_1", department_id=DepartmentId("hrss.linhai"))


Put = Callable[..., Awaitable[int]]


@pytest.fixture
def put(db: Database, frozen_clock: FixedClock) -> Put:
    async def do(key: object, value: Any, version: object = None, call: Call | None = None) -> int:
        async with db.unit() as unit:
            return await store.put(call or of(), key, value, version, unit=unit, clock=frozen_clock)

    return do


async def get(db: Database, key: object, call: Call | None = None) -> Any:
    async with db.reader() as reader:
        return (await store.get(call or of(), key, reader=reader)).value


async def delete(db: Database, key: object) -> None:
    async with db.unit() as unit:
        await store.delete(of(), key, unit=unit)


@pytest.mark.parametrize(
    "value", [None, 0, "", "养老 \x00 \U0001f600", [1, [2.5, {"a": None}]], {"amountMinor": "12050", "currency": "CNY"}]
)
async def test_what_was_put_is_what_is_read(db: Database, put: Put, value: Any) -> None:
    await put("draft", value)
    assert await get(db, "draft") == value


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53), st.lists, max_leaves=20))
def test_any_json_is_kept_whole(value: Any) -> None:
    assert from_row({"content": as_text(value), "version": 1}).value == value


async def test_nobody_else_reads_it(db: Database, put: Put) -> None:
    await put("draft", "mine")
    for call in (of(WU), of(LIN, OTHER)):
        with pytest.raises(NotFound):
            await get(db, "draft", call)
        await put("draft", "theirs", 0, call)
    assert await get(db, "draft") == "mine"


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (Call(actor=ANONYMOUS), NotSignedIn),
        (Call(actor=Actor(kind="citizen", id=LIN, citizen_id=LIN, assurance=2)), NotAllowed),
        (system_call(on_behalf_of=LIN), NotAllowed),
        (replace(of(), on_behalf_of=None), NotAllowed),
    ],
    ids=["nobody", "the citizen in person", "the platform", "a mini-app without a citizen"],
)
async def test_only_a_mini_app_that_acts_for_a_citizen_has_a_store(
    db: Database, put: Put, call: Call, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await get(db, "draft", call)
    with pytest.raises(refusal):
        await put("draft", 1, None, call)


async def test_a_change_to_what_has_changed_meanwhile_is_refused_with_the_version_that_stands(
    db: Database, put: Put
) -> None:
    first = await put("draft", "a", 0)
    second = await put("draft", "b", first)
    assert second > first
    for stale in (0, first, second + 1):
        with pytest.raises(StoreConflict) as refused:
            await put("draft", "c", stale)
        assert refused.value.version == second
    assert await get(db, "draft") == "b"


async def test_of_many_changes_to_one_version_one_succeeds(db: Database, put: Put) -> None:
    version = await put("counter", 0)
    results = await asyncio.gather(*(put("counter", n, version) for n in range(1, 9)), return_exceptions=True)
    assert [type(result) for result in results].count(StoreConflict) == 7
    assert await get(db, "counter") in range(1, 9)


async def test_a_value_that_was_deleted_and_came_back_is_not_taken_for_what_it_was(
    db: Database, put: Put, frozen_clock: FixedClock
) -> None:
    old = await put("draft", "a", 0)
    await delete(db, "draft")
    with pytest.raises(NotFound):
        await get(db, "draft")
    frozen_clock.at += timedelta(seconds=1)
    await put("draft", "b", 0)
    with pytest.raises(StoreConflict):
        await put("draft", "c", old)
    await delete(db, "draft")
    await delete(db, "draft")
    with pytest.raises(StoreConflict) as refused:
        await put("draft", "c", old)
    assert refused.value.version is None


@pytest.mark.parametrize("key", ["", "A", "-a", "a b", "a" * 129, "a\n", "é", "a\x00", None, 7, ["a"]])
async def test_what_is_no_key_is_refused(db: Database, put: Put, key: object) -> None:
    for attempt in (put(key, 1), get(db, key), delete(db, key)):
        with pytest.raises(InvalidInput):
            await attempt


@pytest.mark.parametrize("version", [-1, 1.0, "1", True, 2**53, [1]])
async def test_what_is_no_version_is_refused(put: Put, version: object) -> None:
    with pytest.raises(InvalidInput):
        await put("draft", 1, version)


async def test_a_value_and_a_store_have_an_end(db: Database, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput):
        await put("big", "x" * store.VALUE_BYTES_MAX)
    monkeypatch.setattr("shimin.store.rows.VALUES_MAX", 3)
    monkeypatch.setattr("shimin.store.rows.STORE_BYTES_MAX", 200)
    for key in "abc":
        await put(key, 1)
    with pytest.raises(StoreFull):
        await put("d", 1)
    await put("a", "y" * 100)
    with pytest.raises(StoreFull):
        await put("a", "y" * 200)
    await delete(db, "b")
    await put("d", 1, 0)
    await put("d", 1, None, of(WU))


async def test_keys_are_listed_by_their_beginning(db: Database, put: Put) -> None:
    for key in ("drafts/2", "drafts/1", "last", "drafts_3"):
        await put(key, 1)
    async with db.reader() as reader:
        assert await store.keys(of(), "drafts/", reader=reader) == ["drafts/1", "drafts/2"]
        assert await store.keys(of(), reader=reader) == ["drafts/1", "drafts/2", "drafts_3", "last"]
        assert await store.keys(of(WU), reader=reader) == []


async def test_a_citizen_sees_what_is_kept_for_them_and_has_it_forgotten(db: Database, put: Put) -> None:
    for key, call in (("b", of()), ("a", of()), ("a", of(LIN, OTHER)), ("a", of(WU))):
        await put(key, "secret", None, call)
    lin = Call(actor=Actor(kind="citizen", id=LIN, citizen_id=LIN, assurance=2))
    async with db.reader() as reader:
        shown = (await read_page(reader, store.KEPT, lin, order="app")).rows
        assert [(row["app_id"], row["name"]) for row in shown] == [(APP, "a"), (APP, "b"), (OTHER, "a")]
        assert (await read_page(reader, store.KEPT, of(), order="app")).rows == []
        assert "secret" not in str(shown)
    for forgotten in (2, 0):
        async with db.unit() as unit:
            assert await store.forget(lin, APP, unit=unit) == forgotten
    async with db.reader() as reader:
        assert await store.keys(of(), reader=reader) == []
        assert await store.keys(of(LIN, OTHER), reader=reader) == ["a"]
        assert await store.keys(of(WU), reader=reader) == ["a"]


@pytest.mark.parametrize("call", [of(), system_call(on_behalf_of=LIN)], ids=["a mini-app", "the platform"])
async def test_only_the_citizen_in_person_lets_a_mini_app_forget(db: Database, put: Put, call: Call) -> None:
    await put("draft", 1)
    with pytest.raises(NotAllowed):
        async with db.unit() as unit:
            await store.forget(call, APP, unit=unit)
    assert await get(db, "draft") == 1
