"""A mini-app writes to the citizen it acts for: in reviewed words, once for each wish, and not too often."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shimin import messages
from shimin.db import Database, Row, read_page
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import IdempotencyConflict, InvalidInput, NotAllowed, NotSignedIn, Refusal
from shimin.messages import (
    INBOX,
    MESSAGES_PER_DAY_MAX,
    AppTemplate,
    MessageNotDeclared,
    MessagesExceeded,
    SenderKind,
    SendForApp,
    SendMessage,
    SlotsMismatch,
    message_of,
)

LIN, WU = CitizenId("ctz_" + "1" * 32), CitizenId("ctz_" + "2" * 32)
APP, OTHER = "linhai.hrss.topup", "linhai.tax.second"
TOPUP = AppTemplate(
    "topup.receipt",
    {"zh-Hans": "已充值 {amount}", "en": "Topped up {amount}"},
    {"zh-Hans": "{place}，{amount}。", "en": "{amount} at {place}."},
)
PARAMS: Mapping[str, Any] = {"amount": {"amountMinor": "12050", "currency": "CNY"}, "place": "城东"}
Send = Callable[..., Awaitable[str]]


def citizen(citizen_id: CitizenId = LIN) -> Call:
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2))


def of(citizen_id: CitizenId = LIN, app_id: str = APP, release_id: str = "rel_1") -> Call:
    return citizen(citizen_id).for_release(
        app_id=app_id, release_id=release_id, department_id=DepartmentId("hrss.linhai")
    )


@pytest.fixture
async def send(db: Database, frozen_clock: FixedClock) -> Send:
    async with db.unit() as unit:
        for _ in range(2):
            await messages.register_templates(unit, release_id="rel_1", templates=[TOPUP])
        await messages.register_templates(unit, release_id="rel_2", templates=[TOPUP])

    async def do(call: Call | None = None, **order: Any) -> str:
        wanted = SendForApp(**{"id": "msg_a", "template": "topup.receipt", "params": PARAMS, **order})
        async with db.unit() as unit:
            return await messages.send_for_app(call or of(), wanted, unit=unit, clock=frozen_clock)

    return do


async def inbox(db: Database, citizen_id: CitizenId = LIN) -> list[Row]:
    async with db.reader() as reader:
        return list((await read_page(reader, INBOX, citizen(citizen_id), order="newest", first=100)).rows)


async def test_the_words_are_the_releases_own_in_the_readers_language(db: Database, send: Send) -> None:
    await send()
    [row] = await inbox(db)
    message = message_of(row)
    assert (message.sender_kind, message.sender) == (SenderKind.MINI_APP, APP)
    assert (message.title("zh-Hans"), message.body("zh-Hans")) == ("已充值 120.50 CNY", "城东，120.50 CNY。")
    assert (message.title("en"), message.body("en")) == ("Topped up 120.50 CNY", "120.50 CNY at 城东.")


async def test_a_place_that_is_filled_with_a_place_stays_text(db: Database, send: Send) -> None:
    await send(params={"amount": "{place}", "place": "{amount} {title_zh} {0.__class__}"})
    [row] = await inbox(db)
    assert message_of(row).body("en") == "{place} at {amount} {title_zh} {0.__class__}."


async def test_a_repeat_sends_once_and_other_words_under_the_same_id_are_refused(db: Database, send: Send) -> None:
    first = await send()
    assert set(await asyncio.gather(*(send() for _ in range(8)))) == {first}
    with pytest.raises(IdempotencyConflict):
        await send(params={**PARAMS, "place": "城西"})
    assert [row["id"] for row in await inbox(db)] == [first]


async def test_no_mini_app_takes_the_place_of_anothers_message(
    db: Database, send: Send, frozen_clock: FixedClock
) -> None:
    """Whatever id it names, a receipt of the platform and a message of another mini-app still arrive."""
    sent = {await send(id="msg_r"), await send(of(LIN, OTHER, "rel_2"), id="msg_r"), await send(of(WU), id="msg_r")}
    values = {"subject": "s", "amount": "1.00 CNY"}
    receipt = SendMessage("msg_r", LIN, SenderKind.PLATFORM, "shimin", "payment.failed", values)
    async with db.unit() as unit:
        assert await messages.send(system_call(), receipt, unit=unit, clock=frozen_clock)
    assert len(sent) == 3
    assert len(await inbox(db)) == 3
    assert len(await inbox(db, WU)) == 1


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        ({"template": "payment.receipt"}, MessageNotDeclared),
        ({"template": "mini_app.note", "params": {"title_zh": "x"}}, MessageNotDeclared),
        ({"template": "x" * 10_000}, MessageNotDeclared),
        ({"params": {}}, SlotsMismatch),
        ({"params": {**PARAMS, "more": "x"}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": "x" * 201}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": "a\u202eb"}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": "a\nb"}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": 1.5}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": True}}, SlotsMismatch),
        ({"params": {**PARAMS, "place": ["x"]}}, SlotsMismatch),
        ({"params": {**PARAMS, "amount": {"amountMinor": "1e9", "currency": "CNY"}}}, SlotsMismatch),
        ({"params": {**PARAMS, "amount": {"amountMinor": "5", "currency": "XXX"}}}, SlotsMismatch),
        ({"id": ""}, InvalidInput),
        ({"id": "x" * 101}, InvalidInput),
    ],
    ids=lambda value: "" if isinstance(value, type) else str(value)[:50],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_sent(
    db: Database, send: Send, order: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await send(**order)
    assert await inbox(db) == []


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (Call(actor=ANONYMOUS), NotSignedIn),
        (citizen(), NotAllowed),
        (system_call(on_behalf_of=LIN), NotAllowed),
        (replace(of(), on_behalf_of=None), NotAllowed),
        (of(release_id="rel_other"), MessageNotDeclared),
    ],
    ids=["nobody", "a citizen", "the platform", "a mini-app without a citizen", "a release without templates"],
)
async def test_only_a_release_with_templates_that_acts_for_a_citizen_sends(
    send: Send, call: Call, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await send(call)


async def test_a_citizen_is_not_flooded(db: Database, send: Send, frozen_clock: FixedClock) -> None:
    for number in range(MESSAGES_PER_DAY_MAX):
        await send(id=f"msg_{number}")
    with pytest.raises(MessagesExceeded):
        await send(id="one more")
    await send(id="msg_0")
    await send(of(WU), id="another inbox")
    await send(of(LIN, OTHER, "rel_2"), id="another mini-app")
    frozen_clock.at += timedelta(days=1, seconds=1)
    await send(id="one more")
    assert len(await inbox(db)) == MESSAGES_PER_DAY_MAX + 2


@pytest.mark.parametrize(
    ("name", "title", "body"),
    [
        ("t", {"zh-Hans": "有", "en": ""}, {"zh-Hans": "有", "en": "x"}),
        ("t", {"zh-Hans": "有"}, {"zh-Hans": "有", "en": "x"}),
        ("t", {"zh-Hans": "有", "en": "x" * 1_001}, {"zh-Hans": "有", "en": "x"}),
        ("t" * 101, TOPUP.title, TOPUP.body),
    ],
    ids=["empty", "one language", "too long", "a name without end"],
)
def test_a_template_without_words_in_a_language_is_refused(
    name: str, title: Mapping[str, str], body: Mapping[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        AppTemplate(name, title, body)
