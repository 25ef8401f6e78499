"""Sessions: refreshed without honest people being logged out, ended at once, never seen by others."""

import asyncio

import pytest
from tests.unit.identity.conftest import NONCE, House

from shimin.db import read_page
from shimin.identity import (
    SESSION,
    SESSION_LIMITS,
    RefreshSession,
    RefreshTokenInvalid,
    SignedIn,
    prune,
    refresh,
    revoke_session,
    sign_out,
)
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.refusal import InvalidId, NotAllowed, NotFound, NotSignedIn

OTHER_NONCE = "device-nonce-0000000002"
OTHER_PHONE = "+8619900005678"


async def again(house: House, token: str, nonce: str = NONCE) -> SignedIn:
    wish = RefreshSession(refresh_token=token, nonce=nonce)
    return await refresh(Call(actor=ANONYMOUS), wish, db=house.db, tokens=house.tokens, clock=house.clock)


async def is_live(house: House, session_id: str) -> bool:
    async with house.db.reader() as reader:
        ended = await reader.fetch_value("SELECT revoked_at FROM identity_session WHERE id = $1", session_id)
    return ended is None


async def facts(house: House, name: str) -> int:
    async with house.db.reader() as reader:
        return int(await reader.fetch_value("SELECT COUNT(*) FROM outbox WHERE name = $1", name))


async def test_a_refresh_gives_new_tokens_of_the_same_session(house: House) -> None:
    first = await house.signed_in()
    second = await again(house, first.refresh_token)
    assert second.session.id == first.session.id
    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    assert (await again(house, second.refresh_token)).refresh_token not in {first.refresh_token, second.refresh_token}


async def test_a_repeat_after_a_lost_answer_gets_the_same_refresh_token(house: House) -> None:
    first = await house.signed_in()
    lost = await again(house, first.refresh_token)
    house.later(seconds=29)
    repeated = await again(house, first.refresh_token)
    assert repeated.refresh_token == lost.refresh_token
    await again(house, repeated.refresh_token)


async def test_parallel_refreshes_by_one_device_all_get_the_same_token(house: House) -> None:
    first = await house.signed_in()
    answers = await asyncio.gather(*(again(house, first.refresh_token) for _ in range(10)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert await is_live(house, first.session.id)


async def test_reuse_after_the_grace_time_ends_the_session(house: House) -> None:
    first = await house.signed_in()
    second = await again(house, first.refresh_token)
    house.later(seconds=31)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, second.refresh_token)
    assert not await is_live(house, first.session.id)
    assert await facts(house, "session.revoked") == 1


async def test_reuse_once_the_next_token_was_used_ends_the_session(house: House) -> None:
    first = await house.signed_in()
    second = await again(house, first.refresh_token)
    await again(house, second.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token)
    assert not await is_live(house, first.session.id)


async def test_use_by_another_device_ends_the_session(house: House) -> None:
    first = await house.signed_in()
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token, OTHER_NONCE)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token)
    assert not await is_live(house, first.session.id)


async def test_a_repeat_by_another_device_ends_the_session_within_the_grace_time_too(house: House) -> None:
    first = await house.signed_in()
    await again(house, first.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token, OTHER_NONCE)
    assert not await is_live(house, first.session.id)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 200, "令牌"])
async def test_an_unknown_refresh_token_is_refused_and_harms_no_session(house: House, token: str) -> None:
    first = await house.signed_in()
    with pytest.raises(RefreshTokenInvalid):
        await again(house, token)
    assert await is_live(house, first.session.id)


async def test_an_unused_refresh_token_dies_after_30_days_without_a_fuss(house: House) -> None:
    first = await house.signed_in()
    house.later(days=30)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token)
    assert await facts(house, "session.revoked") == 0


async def test_no_refresh_carries_a_session_beyond_180_days(house: House) -> None:
    signed_in = await house.signed_in()
    for _ in range(8):
        house.later(days=20)
        signed_in = await again(house, signed_in.refresh_token)
    house.later(days=19, hours=23)
    signed_in = await again(house, signed_in.refresh_token)
    assert signed_in.session.expires_at - signed_in.session.opened_at == SESSION_LIMITS.life
    house.later(hours=1)
    with pytest.raises(RefreshTokenInvalid):
        await again(house, signed_in.refresh_token)


async def test_refresh_tokens_are_not_stored_in_the_clear(house: House) -> None:
    first = await house.signed_in()
    second = await again(house, first.refresh_token)
    async with house.db.reader() as reader:
        stored = str(await reader.fetch("SELECT * FROM identity_refresh"))
    assert first.refresh_token not in stored
    assert second.refresh_token not in stored


async def test_sign_out_ends_the_session_and_its_refresh_token(house: House) -> None:
    first = await house.signed_in()
    for _ in range(2):
        async with house.db.unit() as unit:
            assert await sign_out(house.call_of(first), unit=unit, clock=house.clock) == first.session.id
    with pytest.raises(RefreshTokenInvalid):
        await again(house, first.refresh_token)
    assert await facts(house, "session.revoked") == 1


async def test_nobody_cannot_sign_out(house: House) -> None:
    async with house.db.unit() as unit:
        with pytest.raises(NotSignedIn):
            await sign_out(Call(actor=ANONYMOUS), unit=unit, clock=house.clock)


async def test_each_device_is_listed_and_ended_on_its_own(house: House) -> None:
    phone, tablet = await house.signed_in(), await house.signed_in(nonce=OTHER_NONCE)
    async with house.db.unit() as unit:
        await revoke_session(house.call_of(phone), tablet.session.id, unit=unit, clock=house.clock)
        await revoke_session(house.call_of(phone), tablet.session.id, unit=unit, clock=house.clock)
    async with house.db.reader() as reader:
        page = await read_page(reader, SESSION, house.call_of(phone), order="newest", where={"revoked_at": None})
    assert [row["id"] for row in page.rows] == [phone.session.id]
    with pytest.raises(RefreshTokenInvalid):
        await again(house, tablet.refresh_token, OTHER_NONCE)


async def test_another_citizens_session_is_not_found_and_stays(house: House) -> None:
    mine, theirs = await house.signed_in(), await house.signed_in(OTHER_PHONE, OTHER_NONCE)
    for named in (theirs.session.id, "ses_" + "0" * 32):
        async with house.db.unit() as unit:
            with pytest.raises(NotFound):
                await revoke_session(house.call_of(mine), named, unit=unit, clock=house.clock)
    async with house.db.unit() as unit:
        with pytest.raises(InvalidId):
            await revoke_session(house.call_of(mine), "1 OR 1=1", unit=unit, clock=house.clock)
    assert await is_live(house, theirs.session.id)
    async with house.db.reader() as reader:
        page = await read_page(reader, SESSION, house.call_of(mine), order="newest")
    assert [row["id"] for row in page.rows] == [mine.session.id]


async def test_the_21st_device_ends_the_longest_unused_session(house: House) -> None:
    opened = []
    for number in range(21):
        house.later(minutes=7)
        opened.append(await house.signed_in(nonce=f"device-nonce-00000001{number:02}"))
    assert not await is_live(house, opened[0].session.id)
    assert all([await is_live(house, signed_in.session.id) for signed_in in opened[1:]])


async def test_the_first_sign_in_on_a_device_says_that_the_device_is_new(house: House) -> None:
    await house.signed_in()
    await house.signed_in()
    async with house.db.reader() as reader:
        rows = await reader.fetch("SELECT payload FROM outbox WHERE name = 'session.opened' ORDER BY seq")
    assert ['"is_new_device":true' in row["payload"].replace(" ", "") for row in rows] == [True, False]


async def test_pruning_removes_what_is_over_and_nothing_else(house: House) -> None:
    old = await house.signed_in()
    house.later(days=31)
    live = await house.signed_in(nonce=OTHER_NONCE)
    async with house.db.unit() as unit:
        with pytest.raises(NotAllowed):
            await prune(Call(actor=ANONYMOUS), unit=unit, clock=house.clock)
        assert await prune(system_call(), unit=unit, clock=house.clock) >= 3
    await again(house, live.refresh_token, OTHER_NONCE)
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_session WHERE id = $1", old.session.id) == 0
