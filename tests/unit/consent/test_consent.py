"""Consent: asked per document, decided by the citizen alone, in force only while it stands."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shimin import consent
from shimin.audit import ACCESS_LOG
from shimin.consent import GRANTS, Decide, DocumentTerms, GrantState
from shimin.db import Database, read_page
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refusal

LIN = CitizenId("ctz_" + "a" * 32)
CHEN = CitizenId("ctz_" + "b" * 32)
APP = "linhai.hrss.social-security"
V1, V2 = "rel_" + "1" * 32, "rel_" + "2" * 32

TERMS = DocumentTerms(
    document_id="sha256:one",
    name="operations/overview.graphql",
    scopes=("insurance.medical.balance", "insurance.pension.balance"),
    purpose={"zh-Hans": "显示您的社保", "en": "Show your social insurance"},
    retention="P0D",
)
ORDER = Decide(app_id=APP, document_id=TERMS.document_id)


def in_person(citizen_id: CitizenId = LIN) -> Call:
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2), locale="en")


def by_app(citizen_id: CitizenId = LIN, *, release_id: str = V1, app_id: str = APP) -> Call:
    return in_person(citizen_id).for_release(
        app_id=app_id, release_id=release_id, department_id=DepartmentId("hrss.linhai")
    )


async def register(
    db: Database, clock: FixedClock, terms: Sequence[DocumentTerms] = (TERMS,), *, release_id: str = V1
) -> None:
    async with db.unit() as unit:
        await consent.register_documents(unit, release_id=release_id, app_id=APP, documents=terms, clock=clock)
    clock.at += timedelta(seconds=1)


async def need(db: Database, clock: FixedClock, call: Call, document_id: str = TERMS.document_id) -> consent.Permit:
    async with db.reader() as reader:
        return await consent.need(call, document_id, reader=reader, clock=clock)


async def grant(db: Database, clock: FixedClock, call: Call | None = None, order: Decide = ORDER) -> consent.Grant:
    async with db.unit() as unit:
        return await consent.grant(call or in_person(), order, unit=unit, clock=clock)


async def refuse(db: Database, clock: FixedClock, call: Call | None = None, order: Decide = ORDER) -> consent.Grant:
    async with db.unit() as unit:
        return await consent.refuse(call or in_person(), order, unit=unit, clock=clock)


async def withdraw(db: Database, clock: FixedClock, grant_id: str, call: Call | None = None) -> consent.Grant:
    async with db.unit() as unit:
        return await consent.withdraw(call or in_person(), grant_id, unit=unit, clock=clock)


async def facts(db: Database) -> list[str]:
    async with db.reader() as reader:
        return [row["name"] for row in await reader.fetch("SELECT name FROM outbox ORDER BY seq")]


async def test_the_first_read_is_refused_with_everything_the_sheet_shows(
    db: Database, frozen_clock: FixedClock
) -> None:
    await register(db, frozen_clock)
    with pytest.raises(consent.ConsentRequired) as asked:
        await need(db, frozen_clock, by_app())
    sheet = asked.value
    assert (sheet.document_id, sheet.app_id, sheet.terms) == (TERMS.document_id, APP, TERMS.digest)
    assert (sheet.purpose, sheet.retention) == ("Show your social insurance", "P0D")
    assert [(item.scope, item.label) for item in sheet.fields] == [
        ("insurance.medical.balance", "Balance of your medical insurance account"),
        ("insurance.pension.balance", "Balance of your pension insurance account"),
    ]


async def test_a_grant_allows_the_documents_scopes_and_no_more(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    made = await grant(db, frozen_clock)
    permit = await need(db, frozen_clock, by_app())
    assert permit == consent.Permit(grant_id=made.id, scopes=TERMS.scopes, purpose=TERMS.purpose)
    assert made.receipt_number.startswith("CS-20261123-")
    assert made.expires_at == frozen_clock.now() + timedelta(days=365)
    assert await facts(db) == ["consent.granted"]


async def test_granting_again_gives_the_same_grant(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    first = await grant(db, frozen_clock)
    assert await grant(db, frozen_clock) == first
    assert await facts(db) == ["consent.granted"]


async def test_grants_in_parallel_give_one_grant(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    for round_ in range(1, 13):  # one gap between two statements is enough to grant twice, and it is rarely hit
        made = await asyncio.gather(*(grant(db, frozen_clock) for _ in range(4)))
        assert len({item.id for item in made}) == 1
        assert (await facts(db)).count("consent.granted") == round_
        await withdraw(db, frozen_clock, made[0].id)


async def test_withdrawing_stops_reads_at_once_and_again_changes_nothing(
    db: Database, frozen_clock: FixedClock
) -> None:
    await register(db, frozen_clock)
    made = await grant(db, frozen_clock)
    await need(db, frozen_clock, by_app())
    ended = await withdraw(db, frozen_clock, made.id)
    assert (ended.state, ended.withdrawn_at) == (GrantState.WITHDRAWN, frozen_clock.now())
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app())
    frozen_clock.at += timedelta(minutes=1)
    assert await withdraw(db, frozen_clock, made.id) == ended
    assert await facts(db) == ["consent.granted", "consent.withdrawn"]


async def test_a_new_grant_after_a_withdrawal_is_the_next_revision(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    first = await grant(db, frozen_clock)
    await withdraw(db, frozen_clock, first.id)
    second = await grant(db, frozen_clock)
    assert (first.revision, second.revision) == (1, 2)
    assert second.receipt_number != first.receipt_number


async def test_who_refused_is_not_asked_again_and_may_still_grant(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    no = await refuse(db, frozen_clock)
    assert no.state is GrantState.REFUSED
    assert await refuse(db, frozen_clock) == no
    with pytest.raises(consent.ConsentDenied):
        await need(db, frozen_clock, by_app())
    yes = await grant(db, frozen_clock)
    assert (await need(db, frozen_clock, by_app())).grant_id == yes.id


async def test_refusing_what_is_granted_withdraws_it(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    await grant(db, frozen_clock)
    await refuse(db, frozen_clock)
    with pytest.raises(consent.ConsentDenied):
        await need(db, frozen_clock, by_app())
    assert await facts(db) == ["consent.granted", "consent.withdrawn"]


async def test_a_release_that_reads_more_needs_a_new_consent_and_the_old_one_keeps_its_own(
    db: Database, frozen_clock: FixedClock
) -> None:
    wider = replace(TERMS, document_id="sha256:two", scopes=(*TERMS.scopes, "insurance.bill.amount"))
    await register(db, frozen_clock)
    await register(db, frozen_clock, [wider], release_id=V2)
    await grant(db, frozen_clock)
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app(release_id=V2), wider.document_id)
    await need(db, frozen_clock, by_app())
    await grant(db, frozen_clock, order=Decide(app_id=APP, document_id=wider.document_id))
    assert set((await need(db, frozen_clock, by_app(release_id=V2), wider.document_id)).scopes) == set(wider.scopes)
    # The wider grant covers the older release, which is given its own document's scopes only.
    assert (await need(db, frozen_clock, by_app())).scopes == TERMS.scopes


async def test_a_release_that_reads_less_needs_no_new_consent(db: Database, frozen_clock: FixedClock) -> None:
    narrower = replace(TERMS, document_id="sha256:two", scopes=TERMS.scopes[:1])
    await register(db, frozen_clock)
    await register(db, frozen_clock, [narrower], release_id=V2)
    made = await grant(db, frozen_clock)
    permit = await need(db, frozen_clock, by_app(release_id=V2), narrower.document_id)
    assert (permit.grant_id, permit.scopes) == (made.id, narrower.scopes)


@pytest.mark.parametrize(
    "changed",
    [
        replace(TERMS, document_id="sha256:two", purpose={"zh-Hans": "推荐保险", "en": "Recommend insurance"}),
        replace(TERMS, document_id="sha256:two", retention="P1Y"),
        replace(TERMS, document_id="sha256:two", name="operations/other.graphql"),
    ],
    ids=["purpose", "retention", "document"],
)
async def test_another_purpose_retention_or_document_needs_a_new_consent(
    db: Database, frozen_clock: FixedClock, changed: DocumentTerms
) -> None:
    await register(db, frozen_clock)
    await register(db, frozen_clock, [changed], release_id=V2)
    await grant(db, frozen_clock)
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app(release_id=V2), changed.document_id)


async def test_a_decision_is_bound_to_the_sheet_that_was_shown(db: Database, frozen_clock: FixedClock) -> None:
    swapped = replace(TERMS, purpose={"zh-Hans": "出售", "en": "Sell it"})
    await register(db, frozen_clock)
    await register(db, frozen_clock, [swapped], release_id=V2)
    made = await grant(db, frozen_clock, order=replace(ORDER, terms=TERMS.digest))
    assert made.purpose == TERMS.purpose
    await need(db, frozen_clock, by_app())
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app(release_id=V2))
    with pytest.raises(consent.DocumentNotRegistered):
        await grant(db, frozen_clock, order=replace(ORDER, terms="sha256:never-asked"))


async def test_a_grant_ends_after_a_year(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    made = await grant(db, frozen_clock)
    frozen_clock.at = made.expires_at - timedelta(seconds=1)
    await need(db, frozen_clock, by_app())
    frozen_clock.at = made.expires_at
    assert made.state_at(frozen_clock.now()) is GrantState.EXPIRED
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app())
    assert (await grant(db, frozen_clock)).revision == 2


async def test_one_citizens_grant_is_nothing_to_another_or_to_another_app(
    db: Database, frozen_clock: FixedClock
) -> None:
    await register(db, frozen_clock)
    made = await grant(db, frozen_clock)
    with pytest.raises(consent.ConsentRequired):
        await need(db, frozen_clock, by_app(CHEN))
    with pytest.raises(NotAllowed):
        await need(db, frozen_clock, by_app(release_id="rel_foreign", app_id="other.app"))
    with pytest.raises(NotFound):
        await withdraw(db, frozen_clock, made.id, in_person(CHEN))
    await need(db, frozen_clock, by_app())
    async with db.reader() as reader:
        assert not (await read_page(reader, GRANTS, in_person(CHEN), order="newest")).rows
        assert not (await read_page(reader, GRANTS, by_app(), order="newest")).rows
        (row,) = (await read_page(reader, GRANTS, in_person(), order="newest")).rows
    assert consent.grant_of(row) == made


CALLERS: dict[str, tuple[Call, type[Refusal]]] = {
    "nobody": (Call(actor=ANONYMOUS), NotSignedIn),
    "mini-app": (by_app(), NotAllowed),
    "member": (Call(actor=Actor(kind="member", id="m", department_id=DepartmentId("hrss.linhai"))), NotAllowed),
    "operator": (Call(actor=Actor(kind="operator", id="o", roles=frozenset({"auditor"}))), NotAllowed),
    "system": (system_call(on_behalf_of=LIN), NotAllowed),
}


@pytest.mark.parametrize("caller", CALLERS)
async def test_nobody_decides_for_a_citizen(db: Database, frozen_clock: FixedClock, caller: str) -> None:
    call, expected = CALLERS[caller]
    await register(db, frozen_clock)
    made = await grant(db, frozen_clock)
    before = await facts(db)
    with pytest.raises(expected):
        await grant(db, frozen_clock, call)
    with pytest.raises(expected):
        await refuse(db, frozen_clock, call)
    with pytest.raises(expected):
        await withdraw(db, frozen_clock, made.id, call)
    assert await facts(db) == before
    await need(db, frozen_clock, by_app())


async def test_a_document_the_release_never_registered_may_not_read(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    await grant(db, frozen_clock)
    with pytest.raises(NotAllowed):
        await need(db, frozen_clock, by_app(), "sha256:unknown")
    with pytest.raises(NotAllowed):
        await need(db, frozen_clock, in_person())
    with pytest.raises(consent.DocumentNotRegistered):
        await grant(db, frozen_clock, order=Decide(app_id=APP, document_id="sha256:unknown"))


async def test_registering_again_changes_nothing_and_other_terms_are_refused(
    db: Database, frozen_clock: FixedClock
) -> None:
    await register(db, frozen_clock)
    await register(db, frozen_clock)
    with pytest.raises(InvalidInput):
        await register(db, frozen_clock, [replace(TERMS, scopes=("insurance.bill.amount",))])
    with pytest.raises(InvalidInput):
        await register(db, frozen_clock, [replace(TERMS, purpose={"en": "only English"})], release_id=V2)
    with pytest.raises(InvalidInput):
        await register(db, frozen_clock, [TERMS, TERMS], release_id=V2)
    with pytest.raises(InvalidInput):
        await register(db, frozen_clock, [replace(TERMS, retention="")], release_id=V2)


async def test_every_decision_is_in_the_citizens_log(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock)
    await refuse(db, frozen_clock)
    made = await grant(db, frozen_clock)
    await withdraw(db, frozen_clock, made.id)
    async with db.reader() as reader:
        page = await read_page(reader, ACCESS_LOG, in_person(), order="newest")
    assert [row["action"] for row in page.rows] == ["consent.withdrawn", "consent.granted", "consent.refused"]
    assert page.rows[1]["details"]["receipt"] == made.receipt_number


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_decisions_leaves_exactly_what_was_decided_last(
    db: Database, frozen_clock: FixedClock, seed: int
) -> None:
    """Random decisions on two documents against a model of three lines: the last one counts."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    other = replace(TERMS, document_id="sha256:other", name="operations/other.graphql")
    await register(db, frozen_clock, [TERMS, other])
    decided: dict[str, tuple[str, str]] = {}
    for _ in range(25):
        document = dice.choice([TERMS.document_id, other.document_id])
        order = Decide(app_id=APP, document_id=document)
        step, known = dice.choice(["grant", "refuse", "withdraw"]), decided.get(document)
        if step == "grant":
            decided[document] = ("yes", (await grant(db, frozen_clock, order=order)).id)
        elif step == "refuse":
            await refuse(db, frozen_clock, order=order)
            decided[document] = ("no", "")
        elif known and known[0] == "yes":
            await withdraw(db, frozen_clock, known[1])
            decided[document] = ("ask", "")
        frozen_clock.at += timedelta(seconds=1)
        for name in (TERMS.document_id, other.document_id):
            expected, grant_id = decided.get(name, ("ask", ""))
            try:
                assert (expected, grant_id) == ("yes", (await need(db, frozen_clock, by_app(), name)).grant_id)
            except consent.ConsentDenied:
                assert expected == "no"
            except consent.ConsentRequired:
                assert expected == "ask"
    async with db.reader() as reader:
        rows = await reader.fetch("SELECT document_name, state FROM consent_grant WHERE state = 'GRANTED'")
        revisions = await reader.fetch("SELECT document_name, revision FROM consent_grant ORDER BY 1, 2")
    assert len({row["document_name"] for row in rows}) == len(rows)
    for name in (TERMS.name, other.name):
        numbers = [row["revision"] for row in revisions if row["document_name"] == name]
        assert numbers == list(range(1, len(numbers) + 1))
