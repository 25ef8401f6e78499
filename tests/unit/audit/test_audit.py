"""The log: appended in the caller's unit, chained without gaps or forks, and every tampering found."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shimin import audit
from shimin.audit import ACCESS_LOG, PLATFORM_CHAIN, PLATFORM_LOG, Anchor, Entry
from shimin.db import Database, read_page
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId, new_id

LIN = CitizenId("ctz_" + "a" * 32)
CHEN = CitizenId("ctz_" + "b" * 32)


def in_person(citizen_id: CitizenId) -> Call:
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2))


def read_of(citizen_id: CitizenId | None, **changed: object) -> Entry:
    entry = Entry(
        action="personal.read",
        citizen_id=citizen_id,
        scopes=("insurance.pension.balance", "insurance.medical.balance"),
        purpose={"zh-Hans": "显示余额", "en": "Show the balance"},
        basis="own",
        source="hrss/social_insurance",
        freshness="live",
    )
    return replace(entry, **changed)  # type: ignore[arg-type]


async def write(db: Database, clock: FixedClock, *entries: Entry, call: Call | None = None) -> None:
    for entry in entries:
        async with db.unit() as unit:
            await audit.record(call or system_call(), entry, unit=unit, clock=clock)
        clock.at += timedelta(seconds=1)


async def report(db: Database, chain: str, anchor: Anchor | None = None) -> audit.ChainReport:
    async with db.reader(snapshot=True) as reader:
        return await audit.verify(reader, chain, anchor=anchor)


async def test_an_entry_says_who_what_why_on_which_basis_and_when(db: Database, frozen_clock: FixedClock) -> None:
    call = in_person(LIN).for_release(
        app_id="linhai.app", release_id="rel_1", department_id=DepartmentId("hrss.linhai")
    )
    async with db.unit() as unit:
        await audit.record(call.under("sha256:d"), read_of(LIN, basis="consent:cns_1"), unit=unit, clock=frozen_clock)
    async with db.reader() as reader:
        page = await read_page(reader, ACCESS_LOG, in_person(LIN), order="newest")
    (row,) = page.rows
    assert (row["actor_kind"], row["actor_id"], row["app_id"]) == ("miniapp", "rel_1", "linhai.app")
    assert (row["department_id"], row["document_id"]) == ("hrss.linhai", "sha256:d")
    assert row["scopes"] == ["insurance.medical.balance", "insurance.pension.balance"]
    assert row["purpose"] == {"zh-Hans": "显示余额", "en": "Show the balance"}
    assert (row["basis"], row["source"], row["freshness"]) == ("consent:cns_1", "hrss/social_insurance", "live")
    assert (row["outcome"], row["at"], row["seq"]) == ("allowed", frozen_clock.now(), 1)


async def test_a_citizen_sees_their_own_accesses_newest_first_and_nobody_elses(
    db: Database, frozen_clock: FixedClock
) -> None:
    await write(db, frozen_clock, read_of(LIN, subject="1"), read_of(CHEN, subject="2"), read_of(LIN, subject="3"))
    async with db.reader() as reader:
        own = await read_page(reader, ACCESS_LOG, in_person(LIN), order="newest", first=1)
        rest = await read_page(reader, ACCESS_LOG, in_person(LIN), order="newest", after=own.end_cursor)
    assert [row["subject"] for row in (*own.rows, *rest.rows)] == ["3", "1"]
    assert own.has_next
    assert not rest.has_next


@pytest.mark.parametrize("kind", ["anonymous", "miniapp", "member", "auditor"])
async def test_nobody_but_the_citizen_in_person_reads_a_citizens_log(
    db: Database, frozen_clock: FixedClock, kind: str
) -> None:
    await write(db, frozen_clock, read_of(LIN))
    calls = {
        "anonymous": Call(actor=ANONYMOUS),
        "miniapp": in_person(LIN).for_release(app_id="a", release_id="rel", department_id=DepartmentId("d.x")),
        "member": Call(actor=Actor(kind="member", id="m", department_id=DepartmentId("hrss.linhai"))),
        "auditor": Call(actor=Actor(kind="operator", id="o", roles=frozenset({"auditor"}))),
    }
    async with db.reader() as reader:
        page = await read_page(reader, ACCESS_LOG, calls[kind], order="newest")
    assert not page.rows


async def test_an_auditor_sees_the_platforms_deeds_and_no_citizens_entry(
    db: Database, frozen_clock: FixedClock
) -> None:
    await write(db, frozen_clock, Entry(action="release.approved", subject="rel_1"), read_of(LIN))
    auditor = Call(actor=Actor(kind="operator", id="o", roles=frozenset({"auditor"})))
    reviewer = Call(actor=Actor(kind="operator", id="o", roles=frozenset({"reviewer"})))
    async with db.reader() as reader:
        seen = await read_page(reader, PLATFORM_LOG, auditor, order="newest")
        others = [await read_page(reader, PLATFORM_LOG, call, order="newest") for call in (reviewer, in_person(LIN))]
    assert [row["action"] for row in seen.rows] == ["release.approved"]
    assert not any(page.rows for page in others)


async def test_an_entry_of_a_unit_that_fails_was_never_written(db: Database, frozen_clock: FixedClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.unit() as unit:
            await audit.record(system_call(), read_of(LIN), unit=unit, clock=frozen_clock)
            raise ZeroDivisionError
    assert await report(db, LIN) == audit.ChainReport(chain=LIN, size=0, hash="0" * 64, breaks=())


async def test_an_entry_that_cannot_be_written_is_a_refusal_with_its_own_code(
    db: Database, frozen_clock: FixedClock
) -> None:
    async with db.unit() as unit:
        await unit.execute("INSERT INTO audit_head (chain, size, hash) VALUES ($1, $2, $3)", LIN, 0, "f" * 64)
        await audit.record(system_call(), read_of(LIN), unit=unit, clock=frozen_clock)
        # A row that already has the number the head gives out next: the entry cannot be written.
        await unit.execute("UPDATE audit_head SET size = $1 WHERE chain = $2", 0, LIN)
    with pytest.raises(audit.AccessNotLogged):
        async with db.unit() as unit:
            await audit.record(system_call(), read_of(LIN), unit=unit, clock=frozen_clock)


async def test_entries_written_at_the_same_time_form_one_chain_without_gaps(
    db: Database, frozen_clock: FixedClock
) -> None:
    async def one(number: int) -> None:
        async with db.unit() as unit:
            await audit.record(system_call(), read_of(LIN, subject=str(number)), unit=unit, clock=frozen_clock)

    await asyncio.gather(*(one(number) for number in range(40)))
    found = await report(db, LIN)
    assert found.holds
    assert found.size == 40


async def test_unbroken_chains_hold_and_each_is_listed_once(db: Database, frozen_clock: FixedClock) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(CHEN), read_of(LIN), Entry(action="key.rolled"))
    async with db.reader() as reader:
        names = [chain async for chain in audit.chains(reader, known=["ctz_gone", LIN])]
    assert sorted(names) == sorted([LIN, CHEN, PLATFORM_CHAIN, "ctz_gone"])
    for chain, size in ((LIN, 2), (CHEN, 1), (PLATFORM_CHAIN, 1)):
        found = await report(db, chain)
        assert found.holds
        assert found.size == size


TAMPERINGS = {
    "basis edited": ("UPDATE audit_entry SET basis = 'consent:forged' WHERE seq = 2", "altered"),
    "outcome edited": ("UPDATE audit_entry SET outcome = 'denied' WHERE seq = 2", "altered"),
    "purpose edited": ("UPDATE audit_entry SET purpose = '{}' WHERE seq = 2", "altered"),
    "app removed": ("UPDATE audit_entry SET app_id = 'other' WHERE seq = 2", "altered"),
    "hash edited too": ("UPDATE audit_entry SET subject = 'x', hash = 'eeee' WHERE seq = 2", "altered"),
    "entry deleted": ("DELETE FROM audit_entry WHERE seq = 2", "missing"),
    "first deleted": ("DELETE FROM audit_entry WHERE seq = 1", "missing"),
    "last deleted": ("DELETE FROM audit_entry WHERE seq = 3", "truncated"),
    "all deleted": ("DELETE FROM audit_entry", "truncated"),
    "order swapped": (
        "UPDATE audit_entry SET seq = CASE seq WHEN 1 THEN -1 WHEN 2 THEN 1 ELSE seq END WHERE seq < 3",
        "unlinked",
    ),
    "head edited": ("UPDATE audit_head SET hash = 'eeee'", "head"),
    "head deleted": ("DELETE FROM audit_head", "head"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_tampering_is_found(db: Database, frozen_clock: FixedClock, tampering: str) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(LIN), read_of(LIN))
    statement, kind = TAMPERINGS[tampering]
    async with db.unit() as unit:
        assert await unit.execute(statement) > 0
    found = await report(db, LIN)
    assert kind in {item.kind for item in found.breaks}


async def test_an_entry_moved_to_another_citizens_chain_is_found(db: Database, frozen_clock: FixedClock) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(CHEN))
    async with db.unit() as unit:
        await unit.execute("DELETE FROM audit_entry WHERE chain = $1", CHEN)
        await unit.execute("UPDATE audit_entry SET chain = $1, citizen_id = $1 WHERE chain = $2", CHEN, LIN)
    assert not (await report(db, CHEN)).holds
    assert not (await report(db, LIN)).holds


async def test_a_truncation_that_also_moves_the_head_is_found_by_an_anchor_alone(
    db: Database, frozen_clock: FixedClock
) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(LIN), read_of(LIN))
    end = await report(db, LIN)
    async with db.unit() as unit:
        await unit.execute("DELETE FROM audit_entry WHERE seq = 3")
        await unit.execute("UPDATE audit_head SET size = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)")
    assert (await report(db, LIN)).holds
    found = await report(db, LIN, Anchor(end.size, end.hash))
    assert [item.kind for item in found.breaks] == ["truncated"]


async def test_a_whole_chain_written_anew_is_found_by_an_anchor(db: Database, frozen_clock: FixedClock) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(LIN))
    end = await report(db, LIN)
    async with db.unit() as unit:
        await unit.execute("DELETE FROM audit_entry")
        await unit.execute("DELETE FROM audit_head")
    await write(db, frozen_clock, read_of(LIN, subject=new_id("frg")), read_of(LIN), read_of(LIN))
    assert (await report(db, LIN)).holds
    found = await report(db, LIN, Anchor(end.size, end.hash))
    assert [(item.seq, item.kind) for item in found.breaks] == [(2, "rewritten")]


async def test_an_anchor_still_fits_after_the_chain_has_grown(db: Database, frozen_clock: FixedClock) -> None:
    await write(db, frozen_clock, read_of(LIN), read_of(LIN))
    end = await report(db, LIN)
    await write(db, frozen_clock, read_of(LIN))
    assert (await report(db, LIN, Anchor(end.size, end.hash))).holds


async def test_an_entry_beyond_its_size_limits_is_a_bug_of_its_writer() -> None:
    with pytest.raises(ValueError, match="size limits"):
        Entry(action="personal.read", subject="x" * 5_000)
