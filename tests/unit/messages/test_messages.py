"""One inbox per citizen: nothing comes twice, nobody else reads it, and an open app hears at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shimin import messages
from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.db import Database, Row, read_one, read_page
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId, new_id
from shimin.kit.refusal import NotAllowed, NotFound, NotSignedIn
from shimin.messages import INBOX, TEMPLATES, SenderKind, SendMessage, SlotsMismatch, TemplateUnknown, message_of
from shimin.messages.model import APP_NOTE

RECEIPT: Mapping[str, str] = {
    "subject": "养老保险费",
    "amount": "¥360.00",
    "receipt_number": "R-1",
    "payee": "临海市人社局",
    "paid_at": "2026-11-23 12:00",
}


def citizen(number: int) -> Call:
    citizen_id = CitizenId(f"ctz_{number:032}")
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=1))


LIN, WU = citizen(1), citizen(2)


def a_message(to: Call = LIN, template: str = "payment.receipt", **values: str) -> SendMessage:
    return SendMessage(
        id=new_id("msg"),
        citizen_id=to.need_self(),
        sender_kind=SenderKind.PLATFORM,
        sender="shimin",
        template=template,
        values=values or RECEIPT,
    )


async def send(db: Database, clock: FixedClock, order: SendMessage, call: Call | None = None) -> bool:
    async with db.unit() as unit:
        return await messages.send(call or system_call(), order, unit=unit, clock=clock)


async def read(db: Database, clock: FixedClock, call: Call, message_id: str) -> messages.Message:
    async with db.unit() as unit:
        return await messages.mark_read(call, message_id, unit=unit, clock=clock)


async def inbox(db: Database, call: Call) -> list[Row]:
    async with db.reader() as reader:
        return list((await read_page(reader, INBOX, call, order="newest", first=100)).rows)


async def facts(db: Database) -> list[str]:
    async with db.reader() as reader:
        return [row["name"] for row in await reader.fetch("SELECT name FROM outbox ORDER BY seq")]


async def test_a_message_sent_again_and_again_arrives_once(db: Database, frozen_clock: FixedClock) -> None:
    order = a_message()
    assert await send(db, frozen_clock, order)
    again = await asyncio.gather(*(send(db, frozen_clock, order) for _ in range(20)))
    assert not any(again)
    assert [row["id"] for row in await inbox(db, LIN)] == [order.id]
    assert await facts(db) == ["message.delivered"]


async def test_the_same_id_cannot_put_a_message_into_a_second_inbox(db: Database, frozen_clock: FixedClock) -> None:
    order = a_message()
    await send(db, frozen_clock, order)
    assert not await send(db, frozen_clock, replace(order, citizen_id=WU.need_self()))
    assert await inbox(db, WU) == []


async def test_the_words_are_made_in_the_readers_language(db: Database, frozen_clock: FixedClock) -> None:
    await send(db, frozen_clock, a_message())
    message = message_of((await inbox(db, LIN))[0])
    assert message.title("zh-Hans") == "缴费成功：养老保险费"
    assert message.title("en") == "Paid: 养老保险费"
    assert message.body("en") == "You paid ¥360.00 to 临海市人社局. Receipt R-1, 2026-11-23 12:00."


@pytest.mark.parametrize("name", sorted(TEMPLATES.keys() - {APP_NOTE}))
def test_every_template_has_words_that_use_every_slot_in_both_languages(name: str) -> None:
    template = TEMPLATES[name]
    values = {slot: f"<{slot}>" for slot in template.slots}
    message = messages.Message("m", LIN.need_self(), SenderKind.PLATFORM, "s", name, values, None, *[None] * 2)  # type: ignore[arg-type]
    for locale in ("zh-Hans", "en"):
        said = message.title(locale) + message.body(locale)
        assert "{" not in said
        assert all(value in said for value in values.values())
    assert message.body("en") != message.body("zh-Hans")


@pytest.mark.parametrize(
    ("values", "missing", "unknown"),
    [
        ({"subject": "x"}, ["amount"], []),
        ({"subject": "x", "amount": "1", "link": "http://evil.example"}, [], ["link"]),
        ({"subject": "x" * 201, "amount": "1"}, [], ["subject"]),
    ],
)
async def test_values_that_are_not_exactly_the_slots_are_refused(
    db: Database, frozen_clock: FixedClock, values: dict[str, str], missing: list[str], unknown: list[str]
) -> None:
    with pytest.raises(SlotsMismatch) as refused:
        await send(db, frozen_clock, a_message(LIN, "payment.failed", **values))
    assert (refused.value.missing, refused.value.unknown) == (missing, unknown)
    assert (await inbox(db, LIN), await facts(db)) == ([], [])


async def test_an_unknown_template_is_refused(db: Database, frozen_clock: FixedClock) -> None:
    with pytest.raises(TemplateUnknown):
        await send(db, frozen_clock, a_message(LIN, "payment.gift"))


@pytest.mark.parametrize("who", ["citizen", "mini-app", "member"])
async def test_only_the_platform_itself_sends(db: Database, frozen_clock: FixedClock, who: str) -> None:
    calls: dict[str, Any] = {"citizen": LIN, "mini-app": inside(LIN)}
    call = calls.get(who) or Call(actor=Actor(kind="member", id="stf_1", roles=frozenset({"department_admin"})))
    with pytest.raises(NotAllowed):
        await send(db, frozen_clock, a_message(), call)
    assert await inbox(db, LIN) == []


async def test_reading_is_noted_the_first_time_only(db: Database, frozen_clock: FixedClock) -> None:
    order = a_message()
    await send(db, frozen_clock, order)
    first = await read(db, frozen_clock, LIN, order.id)
    assert first.read_at == frozen_clock.now()
    frozen_clock.at += timedelta(minutes=1)
    assert await read(db, frozen_clock, LIN, order.id) == first
    assert await facts(db) == ["message.delivered", "message.read"]


async def test_another_citizens_message_does_not_exist(db: Database, frozen_clock: FixedClock) -> None:
    order = a_message()
    await send(db, frozen_clock, order)
    with pytest.raises(NotFound):
        await read(db, frozen_clock, WU, order.id)
    async with db.reader() as reader:
        assert await read_one(reader, INBOX, WU, order.id) is None
    assert (await inbox(db, WU), (await inbox(db, LIN))[0]["read_at"]) == ([], None)
    assert await facts(db) == ["message.delivered"]


def inside(call: Call) -> Call:
    return call.for_release(app_id="linhai.hrss.a", release_id="rel_1", department_id=DepartmentId("hrss.linhai"))


async def test_a_mini_app_reads_no_inbox_not_even_its_citizens(db: Database, frozen_clock: FixedClock) -> None:
    order = a_message()
    await send(db, frozen_clock, order)
    assert await inbox(db, inside(LIN)) == []
    for call, refusal in ((inside(LIN), NotAllowed), (Call(actor=ANONYMOUS), NotSignedIn)):
        with pytest.raises(refusal):
            await read(db, frozen_clock, call, order.id)
        with pytest.raises(refusal):
            await anext(messages.follow(call, pubsub=MemoryPubSub()))


async def test_who_follows_hears_of_a_message_and_only_of_their_own() -> None:
    pubsub = MemoryPubSub()
    following = messages.follow(LIN, pubsub=pubsub)
    hearing = asyncio.ensure_future(anext(following))
    while not pubsub.topics:  # noqa: ASYNC110 - the listener offers nothing to wait for
        await asyncio.sleep(0)
    await messages.announce(WU.need_self(), "msg_theirs", pubsub=pubsub)
    await messages.announce(LIN.need_self(), "msg_mine", pubsub=pubsub)
    assert await asyncio.wait_for(hearing, 5) == "msg_mine"
    await following.aclose()  # type: ignore[attr-defined]
    assert not pubsub.topics, "who leaves is forgotten"
    await pubsub.close()
