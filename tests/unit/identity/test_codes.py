"""Codes: six digits, five minutes, five tries, one use, one device; guessing is bounded everywhere."""

import asyncio
import dataclasses
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from tests.unit.identity.conftest import House

from shimin.db import Database
from shimin.identity import (
    CODE_LIMITS,
    CodeGone,
    CodeLocked,
    CodeRequestedTooOften,
    CodeWrong,
    InvalidPhone,
    SignedIn,
    SignInPaused,
    unlock_phone,
)
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.refusal import InvalidInput, NotAllowed, Refusal

Done = TypeVar("Done")
PHONE = "+8619900001234"
NONCE = "device-nonce-0000000001"
OTHER_NONCE = "device-nonce-0000000002"


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06}"


async def count(db: Database, table: str, where: str = "1 = 1") -> int:
    async with db.reader() as reader:
        return int(await reader.fetch_value(f"SELECT COUNT(*) FROM {table} WHERE {where}"))  # noqa: S608 - fixed texts


async def outcome(work: Awaitable[Done]) -> Done | Refusal:
    try:
        return await work
    except Refusal as refusal:
        return refusal


async def test_the_right_code_registers_an_unknown_number_and_signs_in(house: House) -> None:
    signed_in = await house.signed_in()
    assert signed_in.registered
    assert house.tokens.verify(signed_in.access_token).subject == signed_in.session.subject_id
    assert await count(house.db, "identity_citizen") == 1


async def test_the_same_number_is_the_same_citizen_however_it_is_written(house: House) -> None:
    first = await house.signed_in()
    second = await house.signed_in(phone="199 0000 1234")
    assert second.session.subject_id == first.session.subject_id
    assert not second.registered


async def test_a_code_is_accepted_only_once(house: House) -> None:
    code = await house.ask()
    await house.enter(code)
    with pytest.raises(CodeGone):
        await house.enter(code)


async def test_one_of_100_parallel_right_tries_gets_in(house: House) -> None:
    code = await house.ask()
    answers = await asyncio.gather(*(outcome(house.enter(code)) for _ in range(100)))
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert all(isinstance(answer, SignedIn | CodeGone) for answer in answers)
    assert await count(house.db, "identity_session") == 1


async def test_only_5_of_100_parallel_wrong_tries_are_looked_at(house: House) -> None:
    code = await house.ask()
    answers = await asyncio.gather(*(outcome(house.enter(wrong(code, by))) for by in range(1, 101)))
    assert sorted(answer.tries_left for answer in answers if isinstance(answer, CodeWrong)) == [0, 1, 2, 3, 4]
    assert sum(isinstance(answer, CodeGone) for answer in answers) == 95
    with pytest.raises(CodeGone):
        await house.enter(code)
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT checks FROM identity_code") == 5
        assert await reader.fetch_value("SELECT failures FROM identity_phone_guard") == 5


async def test_a_code_dies_after_five_minutes(house: House) -> None:
    code = await house.ask()
    house.later(minutes=5)
    with pytest.raises(CodeGone):
        await house.enter(code)


async def test_a_code_works_to_the_last_second(house: House) -> None:
    code = await house.ask()
    house.later(minutes=4, seconds=59)
    await house.enter(code)


async def test_a_code_works_only_on_the_device_that_asked(house: House) -> None:
    code = await house.ask()
    with pytest.raises(CodeGone):
        await house.enter(code, nonce=OTHER_NONCE)
    await house.enter(code)


async def test_asking_from_another_device_does_not_spoil_the_first_ones_code(house: House) -> None:
    code = await house.ask()
    await house.ask(nonce=OTHER_NONCE)
    await house.enter(code)


async def test_a_new_code_replaces_the_devices_last_one(house: House) -> None:
    first = await house.ask()
    second = await house.ask()
    if first != second:
        with pytest.raises(CodeWrong):
            await house.enter(first)
    await house.enter(second)


async def test_a_new_code_does_not_reset_the_failure_count(house: House) -> None:
    limits = dataclasses.replace(CODE_LIMITS, failures_per_phone_max=7)
    for _ in range(5):
        with pytest.raises(CodeWrong):
            await house.enter(wrong(await house.ask(limits=limits)), limits=limits)
    for expected in (CodeWrong, CodeWrong, CodeLocked):
        with pytest.raises(expected):
            await house.enter(wrong(await house.ask(limits=limits)), limits=limits)


async def test_100_failures_lock_a_number_for_the_right_code_too_and_a_hall_unlocks_it(house: House) -> None:
    async with house.db.unit() as unit:
        await unit.execute(
            "INSERT INTO identity_phone_guard (guard_key, failures, requests, window_at) VALUES ($1, 99, 0, $2)",
            house.tokens.keyed_hash("phone", PHONE),
            house.clock.now(),
        )
    with pytest.raises(CodeWrong):
        await house.enter(wrong(await house.ask()))
    with pytest.raises(CodeLocked):
        await house.enter(await house.ask())
    async with house.db.unit() as unit:
        with pytest.raises(NotAllowed):
            await unlock_phone(Call(actor=ANONYMOUS), PHONE, unit=unit, tokens=house.tokens)
        await unlock_phone(system_call(), PHONE, unit=unit, tokens=house.tokens)
    await house.enter(await house.ask())


async def test_a_right_code_clears_the_failures(house: House) -> None:
    code = await house.ask()
    for by in range(1, 4):
        with pytest.raises(CodeWrong):
            await house.enter(wrong(code, by))
    await house.enter(code)
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT failures FROM identity_phone_guard") == 0


async def test_guessing_over_many_numbers_stops_at_the_budget_but_known_devices_still_sign_in(house: House) -> None:
    limits = dataclasses.replace(CODE_LIMITS, failures_per_hour_max=6)
    await house.signed_in()
    for number in range(6):
        phone = f"+861990000{2000 + number}"
        with pytest.raises(CodeWrong):
            await house.enter(wrong(await house.ask(phone, OTHER_NONCE)), phone, OTHER_NONCE, limits)
    code = await house.ask("+8619900003000", OTHER_NONCE)
    with pytest.raises(SignInPaused):
        await house.enter(code, "+8619900003000", OTHER_NONCE, limits)
    await house.enter(await house.ask(), limits=limits)
    house.later(minutes=61)
    code = await house.ask("+8619900003000", OTHER_NONCE)
    await house.enter(code, "+8619900003000", OTHER_NONCE, limits)


async def test_a_number_gets_ten_codes_an_hour(house: House) -> None:
    for number in range(10):
        await house.ask(nonce=f"device-nonce-00000000{number:02}")
    with pytest.raises(CodeRequestedTooOften) as refused:
        await house.ask(nonce="device-nonce-0000000099")
    assert 0 < refused.value.retry_after_s <= 3600
    assert len(house.mailbox.sent) == 10
    house.later(hours=1)
    assert await house.ask()


async def test_ten_codes_an_hour_also_when_asked_for_at_once(house: House) -> None:
    asks = (outcome(house.ask(nonce=f"device-nonce-00000000{number:02}")) for number in range(40))
    answers = await asyncio.gather(*asks)
    assert sum(isinstance(answer, str) for answer in answers) == 10


async def test_a_device_cannot_have_texts_sent_to_the_whole_city(house: House) -> None:
    for number in range(30):
        await house.ask(f"+861990000{4000 + number}")
    with pytest.raises(CodeRequestedTooOften):
        await house.ask("+8619900005000")


async def test_asking_tells_nobody_whether_a_number_is_registered(house: House) -> None:
    await house.signed_in()
    before = await count(house.db, "identity_citizen")
    await house.ask()
    await house.ask("+8619900009999", OTHER_NONCE)
    known, unknown = house.mailbox.sent[-2:]
    assert known.template == unknown.template
    assert known.body[:5] == unknown.body[:5]
    assert await count(house.db, "identity_citizen") == before


async def test_neither_code_nor_number_nor_nonce_is_stored_in_the_clear(house: House) -> None:
    code = await house.ask()
    async with house.db.reader() as reader:
        stored = str(await reader.fetch("SELECT * FROM identity_code"))
        stored += str(await reader.fetch("SELECT * FROM identity_phone_guard"))
    assert code not in stored
    assert PHONE[3:] not in stored
    assert NONCE not in stored


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "½23456", "-12345"])
async def test_a_code_of_another_shape_uses_up_no_try(house: House, code: str) -> None:
    await house.ask()
    with pytest.raises(InvalidInput):
        await house.enter(code)
    assert await count(house.db, "identity_code", "checks = 0") == 1


async def test_full_width_digits_are_digits(house: House) -> None:
    code = await house.ask()
    await house.enter(code.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}))


@pytest.mark.parametrize("nonce", ["", "short", "x" * 129, "with space 0000000000", "引号引号引号引号引号引号引号引号"])
async def test_a_nonce_needs_its_shape(house: House, nonce: str) -> None:
    with pytest.raises(InvalidInput):
        await house.ask(nonce=nonce)
    assert not house.mailbox.sent


async def test_no_text_is_sent_to_what_is_no_number(house: House) -> None:
    with pytest.raises(InvalidPhone):
        await house.ask("12345")
    assert not house.mailbox.sent
