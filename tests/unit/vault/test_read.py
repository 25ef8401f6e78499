"""Reading personal data: a reason first, exactly one entry in the owner's log, and only what the reason covers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from shimin import audit, consent, identity, vault
from shimin.audit import ACCESS_LOG
from shimin.db import Database, Row, read_page
from shimin.demo.residents import load_residents
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.money import Money
from shimin.kit.refusal import InvalidInput, NotAllowed, NotSignedIn
from shimin.ports.source import SourceUnavailable

LIN, WU = load_residents()[0], load_residents()[2]
BILL = LIN.bills[0]
APP, RELEASE, DOCUMENT = "linhai.hrss.social-security", "rel_" + "1" * 32, "sha256:overview"
EVERYTHING = tuple(
    f"insurance.{name}"
    for name in (
        *("bill.amount", "bill.due_on", "bill.state", "bill.title"),
        *("medical.balance", "pension.balance", "pension.months_paid"),
    )
)
SPECS = vault.read_registrations((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"))
SetFault = Callable[[str], Awaitable[None]]


def by_app(citizen: Call) -> Call:
    inside = citizen.for_release(app_id=APP, release_id=RELEASE, department_id=DepartmentId("hrss.linhai"))
    return inside.under(DOCUMENT)


async def register(db: Database, clock: FixedClock, scopes: Sequence[str] = EVERYTHING) -> None:
    terms = consent.DocumentTerms(
        document_id=DOCUMENT,
        name="operations/overview.graphql",
        scopes=tuple(scopes),
        purpose={"zh-Hans": "显示您的社保", "en": "Show your social insurance"},
        retention="P0D",
    )
    async with db.unit() as unit:
        await consent.register_documents(unit, release_id=RELEASE, app_id=APP, documents=[terms], clock=clock)


async def allow(db: Database, clock: FixedClock, citizen: Call) -> consent.Grant:
    order = consent.Decide(app_id=APP, document_id=DOCUMENT)
    async with db.unit() as unit:
        return await consent.grant(citizen, order, unit=unit, clock=clock)


async def reads(db: Database, citizen: Call) -> list[Row]:
    async with db.reader() as reader:
        page = await read_page(reader, ACCESS_LOG, citizen, order="newest", first=100)
    return [row for row in page.rows if row["action"] == "personal.read"]


async def insurance(call: Call, db: Database, source: Any, clock: FixedClock) -> vault.SocialInsurance:
    return await vault.read_social_insurance(call, db=db, source=source, clock=clock)


async def test_citizens_read_their_own_records_and_see_that_they_did(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    held = await insurance(lin, db, source, frozen_clock)
    assert held.pension == vault.Account(balance=Money(LIN.pension_balance_minor or 0), months_paid=128)
    assert held.medical == vault.Account(balance=Money(LIN.medical_balance_minor or 0))
    assert [(bill.reference, bill.title, bill.state) for bill in held.bills] == [
        (bill.reference, bill.title_en, "DUE") for bill in LIN.bills
    ]
    (entry,) = await reads(db, lin)
    assert (entry["outcome"], entry["basis"], entry["freshness"]) == ("allowed", "own", "live")
    assert tuple(entry["scopes"]) == EVERYTHING
    assert entry["source"] == "hrss/social_insurance"


async def test_titles_come_in_the_callers_language(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    held = await insurance(replace(lin, locale="zh-Hans"), db, source, frozen_clock)
    assert held.bills[0].title == BILL.title_zh_hans


async def test_a_mini_app_without_consent_gets_nothing_the_source_is_not_asked_and_the_denial_is_logged(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await register(db, frozen_clock)
    with pytest.raises(consent.ConsentRequired):
        await insurance(by_app(lin), db, source, frozen_clock)
    assert not source.asked
    (entry,) = await reads(db, lin)
    assert (entry["outcome"], entry["app_id"], entry["details"]) == ("denied", APP, {"refusal": "CONSENT_REQUIRED"})


async def test_a_mini_app_with_consent_reads_and_the_citizen_sees_under_which_grant(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await register(db, frozen_clock)
    grant = await allow(db, frozen_clock, lin)
    held = await insurance(by_app(lin), db, source, frozen_clock)
    assert held.pension is not None
    assert held.pension.months_paid == 128
    (entry,) = await reads(db, lin)
    assert (entry["outcome"], entry["basis"]) == ("allowed", f"consent:{grant.id}")
    assert (entry["actor_kind"], entry["app_id"], entry["document_id"]) == ("miniapp", APP, DOCUMENT)
    assert entry["purpose"]["en"] == "Show your social insurance"


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (
            ["insurance.pension.months_paid"],
            {"pension": vault.Account(balance=None, months_paid=128), "medical": None, "bills": ()},
        ),
        (
            ["insurance.bill.amount", "insurance.other"],
            {
                "pension": None,
                "medical": None,
                "bills": tuple(
                    vault.InsuranceBill(None, None, Money(bill.amount_minor), None, None) for bill in LIN.bills
                ),
            },
        ),
    ],
    ids=["months", "amounts"],
)
async def test_a_mini_app_gets_only_the_scopes_of_its_document(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call, scopes: list[str], expected: dict[str, Any]
) -> None:
    await register(db, frozen_clock, scopes)
    await allow(db, frozen_clock, lin)
    held = await insurance(by_app(lin), db, source, frozen_clock)
    assert {"pension": held.pension, "medical": held.medical, "bills": held.bills} == expected
    (entry,) = await reads(db, lin)
    assert entry["scopes"] == scopes[:1]


async def test_a_document_that_names_nothing_of_the_record_reads_nothing(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await register(db, frozen_clock, ["licence.expiry"])
    await allow(db, frozen_clock, lin)
    with pytest.raises(NotAllowed):
        await insurance(by_app(lin), db, source, frozen_clock)
    with pytest.raises(NotAllowed):
        await insurance(replace(by_app(lin), document_id=None), db, source, frozen_clock)
    assert not source.asked


async def test_a_consent_withdrawn_while_the_source_is_asked_stops_the_read(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await register(db, frozen_clock)
    grant = await allow(db, frozen_clock, lin)

    async def withdraw() -> None:
        async with db.unit() as unit:
            await consent.withdraw(lin, grant.id, unit=unit, clock=frozen_clock)

    source.meanwhile = withdraw
    with pytest.raises(consent.ConsentRequired):
        await insurance(by_app(lin), db, source, frozen_clock)
    assert [row["outcome"] for row in await reads(db, lin)] == ["denied"]


async def test_withdrawing_is_in_effect_at_the_next_read(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await register(db, frozen_clock)
    grant = await allow(db, frozen_clock, lin)
    await insurance(by_app(lin), db, source, frozen_clock)
    async with db.unit() as unit:
        await consent.withdraw(lin, grant.id, unit=unit, clock=frozen_clock)
    with pytest.raises(consent.ConsentRequired):
        await insurance(by_app(lin), db, source, frozen_clock)
    assert [row["outcome"] for row in await reads(db, lin)] == ["denied", "allowed"]


async def test_without_a_confirmed_name_nothing_is_read(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    async with db.unit() as unit:
        stranger = await identity.register(system_call(), "+8619900000042", unit=unit, clock=frozen_clock)
    calls = [
        Call(actor=Actor(kind="citizen", id=stranger, citizen_id=stranger, assurance=assurance)) for assurance in (1, 2)
    ]
    for call in calls:
        with pytest.raises(identity.AssuranceTooLow) as refused:
            await insurance(call, db, source, frozen_clock)
        assert refused.value.needed == 2
    assert not source.asked
    assert [row["outcome"] for row in await reads(db, calls[0])] == ["denied", "denied"]
    assert not await reads(db, lin)


STAFF = (
    Actor(kind="member", id="m", department_id=DepartmentId("hrss.linhai"), assurance=3),
    Actor(kind="operator", id="o", roles=frozenset({"auditor"}), assurance=3),
    Actor(kind="system", id="system", assurance=3),
)


@pytest.mark.parametrize("actor", STAFF, ids=[actor.kind for actor in STAFF])
async def test_staff_and_platform_have_no_reason_to_read_and_the_attempt_is_seen(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call, actor: Actor
) -> None:
    with pytest.raises(NotAllowed):
        await insurance(Call(actor=actor, on_behalf_of=lin.citizen_id), db, source, frozen_clock)
    (entry,) = await reads(db, lin)
    assert (entry["outcome"], entry["actor_kind"]) == ("denied", actor.kind)
    assert not source.asked


async def test_nobody_reads_nothing(db: Database, source: Any, frozen_clock: FixedClock) -> None:
    with pytest.raises(NotSignedIn):
        await insurance(Call(actor=ANONYMOUS), db, source, frozen_clock)
    async with db.reader() as reader:
        assert await reader.fetch_value("SELECT count(*) FROM audit_entry") == 0


async def test_a_read_that_cannot_be_logged_gives_no_value(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    await insurance(lin, db, source, frozen_clock)
    async with db.unit() as unit:
        # The head gives out a number that is taken: no entry can be written.
        await unit.execute("UPDATE audit_head SET size = size - 1 WHERE chain = $1", lin.citizen_id)
    with pytest.raises(audit.AccessNotLogged):
        await insurance(lin, db, source, frozen_clock)
    assert len(await reads(db, lin)) == 1


@pytest.mark.parametrize("fault", ["down", "nonsense"])
async def test_a_source_that_gives_no_answer_is_a_refusal_and_the_attempt_is_logged(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call, set_fault: SetFault, fault: str
) -> None:
    await set_fault(fault)
    with pytest.raises(SourceUnavailable) as refused:
        await insurance(lin, db, source, frozen_clock)
    assert refused.value.reason == fault
    (entry,) = await reads(db, lin)
    assert (entry["outcome"], entry["details"]) == ("failed", {"refusal": "SOURCE_UNAVAILABLE"})


async def test_reads_at_the_same_time_are_logged_one_by_one(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call, wu: Call
) -> None:
    held = await asyncio.gather(*(insurance(call, db, source, frozen_clock) for call in (lin, wu) * 8))
    for call, person in ((lin, LIN), (wu, WU)):
        assert len(await reads(db, call)) == 8
        amounts = {item.pension.balance for item in held if item.pension}
        assert Money(person.pension_balance_minor or 0) in amounts
        async with db.reader() as reader:
            assert (await audit.verify(reader, CitizenId(call.actor.id))).holds


async def bill(call: Call, reference: str, db: Database, source: Any, clock: FixedClock) -> vault.BillDetails:
    return await vault.read_bill(call, "hrss", reference, db=db, source=source, sources=SPECS, clock=clock)


async def test_a_bill_is_read_to_pay_it_on_a_legal_basis_that_the_citizen_sees(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    """Also for a mini-app without any consent: the bill goes to the payment, not to the mini-app."""
    for call in (lin, by_app(lin)):
        found = await bill(call, BILL.reference, db, source, frozen_clock)
        assert found.amount == Money(BILL.amount_minor)
        assert (found.department_id, found.title, found.state) == ("hrss.linhai", BILL.title_en, "DUE")
        assert found.payee
    entries = await reads(db, lin)
    assert [entry["basis"] for entry in entries] == ["law:PIPL-13.1.2"] * 2
    assert entries[0]["purpose"]["en"] == "To pay this bill as you asked"
    assert entries[0]["actor_kind"] == "miniapp"


async def test_a_mini_app_cannot_even_ask_whether_another_department_has_a_bill(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    """The law that lets a bill be read to pay it serves a mini-app in its own department only."""
    inside = lin.for_release(app_id="linhai.psb.fines", release_id=RELEASE, department_id=DepartmentId("psb.linhai"))
    for reference in (BILL.reference, "NO-SUCH-BILL"):
        with pytest.raises(NotAllowed):
            await bill(inside.under(DOCUMENT), reference, db, source, frozen_clock)
    assert not source.asked
    assert [entry["outcome"] for entry in await reads(db, lin)] == ["denied"] * 2


async def test_another_persons_bill_does_not_exist(
    db: Database, source: Any, frozen_clock: FixedClock, wu: Call
) -> None:
    with pytest.raises(vault.BillNotFound):
        await bill(wu, BILL.reference, db, source, frozen_clock)


@pytest.mark.parametrize("reference", ["", "a" * 65, "a b", "../x", "é", "a\n", '"}'])
async def test_a_reference_of_another_shape_is_never_sent(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call, reference: str
) -> None:
    with pytest.raises(InvalidInput):
        await bill(lin, reference, db, source, frozen_clock)
    with pytest.raises(InvalidInput):
        await vault.read_bill(lin, "../admin", BILL.reference, db=db, source=source, sources=SPECS, clock=frozen_clock)
    assert not source.asked


async def test_a_source_that_is_not_registered_is_refused_and_logged(
    db: Database, source: Any, frozen_clock: FixedClock, lin: Call
) -> None:
    with pytest.raises(InvalidInput):
        await vault.read_bill(lin, "nobody", BILL.reference, db=db, source=source, sources=SPECS, clock=frozen_clock)
    assert [row["outcome"] for row in await reads(db, lin)] == ["failed"]
