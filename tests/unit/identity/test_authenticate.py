"""From a token to an actor: authority is looked up, memory is bounded, and an end is heard of everywhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.unit.identity.conftest import House

from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.db import Database
from shimin.identity import (
    Appointment,
    Authenticated,
    SessionEnded,
    SignedIn,
    VerifiedTokens,
    appoint,
    authenticate,
    dismiss,
    revoke_session,
    sign_out,
    spread_session,
    spread_subject,
)
from shimin.kit.call import Role, system_call
from shimin.kit.ids import DepartmentId
from shimin.ports.tokens import TokenExpired, TokenInvalid

STAFF_PHONE = "+8619900007001"
OTHER_NONCE = "device-nonce-0000000002"


class Host:
    """One server process: its own memory of verified tokens, and a stopwatch that tests turn."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.seconds = 1000.0
        self.verified = VerifiedTokens(entries_max=50, monotonic_s=lambda: self.seconds)

    async def ask(self, signed_in: SignedIn) -> Authenticated:
        return await authenticate(
            signed_in.access_token,
            db=self.house.db,
            tokens=self.house.tokens,
            verified=self.verified,
            clock=self.house.clock,
        )

    async def look(self) -> None:
        await self.verified.look(db=self.house.db, clock=self.house.clock)


@pytest.fixture
def host(house: House) -> Host:
    return Host(house)


async def test_a_citizens_token_speaks_for_that_citizen(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    found = await host.ask(signed_in)
    assert found.actor.kind == "citizen"
    assert found.actor.citizen_id == signed_in.session.subject_id
    assert found.actor.assurance == 1
    assert not found.actor.roles
    assert found.session_id == signed_in.session.id


async def test_a_members_token_carries_department_and_roles_and_no_citizen(house: House, host: Host) -> None:
    office = Appointment(
        phone=STAFF_PHONE,
        name="陈明",
        kind="member",
        roles=frozenset({"developer"}),
        department_id=DepartmentId("hrss.linhai"),
    )
    async with house.db.unit() as unit:
        staff_id = await appoint(system_call(), office, unit=unit, clock=house.clock)
    actor = (await host.ask(await house.signed_in(STAFF_PHONE, capacity="staff"))).actor
    assert (actor.kind, actor.id, actor.department_id) == ("member", staff_id, "hrss.linhai")
    assert actor.roles == {"developer"}
    assert actor.citizen_id is None


async def test_the_same_number_can_be_a_citizen_and_an_operator_in_separate_sessions(house: House, host: Host) -> None:
    office = Appointment(phone=STAFF_PHONE, name="周岚", kind="operator", roles=frozenset({"auditor"}))
    async with house.db.unit() as unit:
        await appoint(system_call(), office, unit=unit, clock=house.clock)
    at_work = await host.ask(await house.signed_in(STAFF_PHONE, capacity="staff"))
    at_home = await host.ask(await house.signed_in(STAFF_PHONE))
    assert at_work.actor.kind == "operator"
    assert at_home.actor.kind == "citizen"
    assert not at_home.actor.roles


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "令牌", "x" * 5000])
async def test_what_is_no_token_of_ours_is_invalid(house: House, host: Host, token: str) -> None:
    with pytest.raises(TokenInvalid):
        await authenticate(token, db=house.db, tokens=house.tokens, verified=host.verified, clock=house.clock)


async def test_a_token_for_a_session_that_is_not_its_subjects_is_invalid(house: House, host: Host) -> None:
    mine = await house.signed_in()
    theirs = await house.signed_in("+8619900005678", OTHER_NONCE)
    for subject, session_id in ((mine.session.subject_id, theirs.session.id), ("ctz_0", "ses_0")):
        token = house.tokens.issue(subject=subject, session_id=session_id).text
        with pytest.raises(TokenInvalid):
            await authenticate(token, db=house.db, tokens=house.tokens, verified=host.verified, clock=house.clock)


async def test_an_expired_token_is_expired_also_when_it_was_remembered(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    await host.look()
    house.later(minutes=9, seconds=50)
    await host.ask(signed_in)
    await host.ask(signed_in)
    house.later(seconds=10)
    with pytest.raises(TokenExpired):
        await host.ask(signed_in)


async def test_memory_saves_the_database_a_question(house: House, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in = await house.signed_in()
    await host.look()
    first = await host.ask(signed_in)
    monkeypatch.setattr(house.db, "reader", None)
    assert await host.ask(signed_in) == first


async def test_memory_is_not_believed_before_the_first_look_nor_5_s_after_the_last(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    await host.ask(signed_in)
    now = house.clock.now()
    assert host.verified.get(signed_in.access_token, now) is None
    await host.look()
    await host.ask(signed_in)
    host.seconds += 4.9
    assert host.verified.get(signed_in.access_token, now) is not None
    host.seconds += 0.2
    assert host.verified.get(signed_in.access_token, now) is None


async def test_memory_forgets_after_60_s(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    await host.look()
    await host.ask(signed_in)
    assert host.verified.get(signed_in.access_token, house.clock.now() + timedelta(seconds=59)) is not None
    assert host.verified.get(signed_in.access_token, house.clock.now() + timedelta(seconds=60)) is None


async def test_memory_is_bounded(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    found = await host.ask(signed_in)
    now = house.clock.now()
    for number in range(200):
        host.verified.keep(
            f"token{number}", found, expires_at=now + timedelta(minutes=5), now=now, mark=host.verified.mark()
        )
    assert len(host.verified) == 50
    host.verified.drop_session(signed_in.session.id)
    assert len(host.verified) == 0


async def test_without_hints_another_host_hears_of_an_end_at_its_next_look(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    await host.look()
    await host.ask(signed_in)
    async with house.db.unit() as unit:
        await sign_out(house.call_of(signed_in), unit=unit, clock=house.clock)
    await host.look()
    with pytest.raises(SessionEnded):
        await host.ask(signed_in)


@contextlib.asynccontextmanager
async def watching(house: House, pubsub: MemoryPubSub, *hosts: Host) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(host.verified.watch(db=house.db, pubsub=pubsub, clock=house.clock)) for host in hosts]
    while not pubsub.topics or not all(host.verified.is_current for host in hosts):  # noqa: ASYNC110 - three lines
        await asyncio.sleep(0.01)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await pubsub.close()


async def test_with_hints_every_host_hears_of_an_end_within_a_second(house: House) -> None:
    hosts, pubsub = [Host(house), Host(house)], MemoryPubSub()
    signed_in, tablet = await house.signed_in(), await house.signed_in(nonce=OTHER_NONCE)
    async with watching(house, pubsub, *hosts):
        for host in hosts:
            await host.ask(tablet)
        async with house.db.unit() as unit:
            await revoke_session(house.call_of(signed_in), tablet.session.id, unit=unit, clock=house.clock)
        await spread_session(tablet.session.id, pubsub=pubsub)
        await asyncio.sleep(0.2)
        for host in hosts:
            with pytest.raises(SessionEnded):
                await host.ask(tablet)
            assert (await host.ask(signed_in)).session_id == signed_in.session.id


async def test_an_end_during_verification_is_not_remembered_over(house: House, host: Host) -> None:
    signed_in = await house.signed_in()
    await host.look()
    mark = host.verified.mark()
    found = await host.ask(signed_in)
    host.verified.drop_session(signed_in.session.id)
    now = house.clock.now()
    host.verified.keep(signed_in.access_token, found, expires_at=now + timedelta(minutes=5), now=now, mark=mark)
    assert host.verified.get(signed_in.access_token, now) is None


async def test_a_database_that_does_not_answer_ends_the_belief_but_not_the_watch(
    house: House, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, pubsub = Host(house), MemoryPubSub()
    monkeypatch.setattr("shimin.identity.verified_tokens.POLL_S", 0.02)
    async with watching(house, pubsub, host):
        reader = db.reader
        monkeypatch.setattr(db, "reader", _broken)
        await asyncio.sleep(0.1)
        host.seconds += 6
        assert not host.verified.is_current
        monkeypatch.setattr(db, "reader", reader)
        await asyncio.sleep(0.2)
        assert host.verified.is_current


def _broken() -> None:
    raise OSError


async def test_a_dismissed_member_is_out_and_a_changed_office_shows_at_once(house: House) -> None:
    host, pubsub = Host(house), MemoryPubSub()
    department = DepartmentId("hrss.linhai")

    async def make(*roles: Role) -> str:
        office = Appointment(
            phone=STAFF_PHONE,
            name="陈明",
            kind="member",
            roles=frozenset(roles),
            department_id=department,
        )
        async with house.db.unit() as unit:
            return await appoint(system_call(), office, unit=unit, clock=house.clock)

    staff_id = await make("developer")
    signed_in = await house.signed_in(STAFF_PHONE, capacity="staff")
    async with watching(house, pubsub, host):
        await host.ask(signed_in)
        assert await make("developer", "department_admin") == staff_id
        await spread_subject(staff_id, db=house.db, pubsub=pubsub, clock=house.clock)
        await asyncio.sleep(0.1)
        assert (await host.ask(signed_in)).actor.roles == {"developer", "department_admin"}
        async with house.db.unit() as unit:
            await dismiss(system_call(), staff_id, unit=unit, clock=house.clock)
        await spread_session(signed_in.session.id, pubsub=pubsub)
        await asyncio.sleep(0.1)
        with pytest.raises(SessionEnded):
            await host.ask(signed_in)
