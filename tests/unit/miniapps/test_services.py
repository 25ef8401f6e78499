"""One department's mini-app asks another's: consent, contract, budget, and both names in the citizen's log."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.miniapps.test_broker import (
    APP,
    CITIZEN,
    DOCUMENT,
    NEED,
    PHONE,
    USED,
    Guest,
    RecordingEdge,
    ask,
    refused,
    said,
)

from shimin import audit, consent, exchange
from shimin.consent import ConsentDenied, ConsentRequired, Decide
from shimin.db import Database, read_page
from shimin.exchange import (
    Export,
    Import,
    ServiceChainRefused,
    ServiceMismatch,
    ServiceName,
    ServiceNotDeclared,
    ServiceNotOffered,
    ServiceRefused,
    ServiceUnavailable,
)
from shimin.kit.clock import FixedClock, SystemClock
from shimin.kit.digest import sha256_id
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import InvalidInput, Refusal
from shimin.miniapps import pairwise_subject
from shimin.ports.sandbox import HostCalls, HostCallsExceeded, HostRefusal, Limits, MiniAppTimeout, Outcome, ReleaseRef
from shimin.releases import Artifact, Release, ReleaseDocument, State
from shimin.releases.rows import insert_release, replace_documents, set_artifact, set_live

RESIDENCE, TAX, DEEPER = "linhai.psb.residence", "linhai.tax.records", "linhai.land.register"
WORDS = {"zh-Hans": "核对户籍", "en": "Check where you live"}
ASKED = {"type": "object", "required": ["month"], "properties": {"month": {"type": "integer"}}}
ANSWERED = {
    "type": "object",
    "required": ["resident"],
    "additionalProperties": False,
    "properties": {"resident": {"type": "boolean"}},
}
CHAIN = {APP: RESIDENCE, RESIDENCE: TAX, TAX: DEEPER}
"""Who imports from whom; the last one also from the first."""


@dataclass
class Town:
    """Fulfils the sandbox port with a guest for each app; remembers what each was handed."""

    guests: Mapping[str, Guest]
    envelopes: dict[str, dict[str, Any]] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)

    async def call(
        self, release: ReleaseRef, operation: str, input_json: str, *, host: HostCalls, limits: Limits
    ) -> Outcome:
        """Run the guest of the app."""
        self.envelopes[release.app_id] = {"operation": operation, **json.loads(input_json)}
        self.limits[release.app_id] = limits
        return await self.guests[release.app_id](input_json, host)

    async def close(self) -> None:
        """Hold nothing."""


def asking(app_id: str = RESIDENCE, *, times: int = 1, **given: Any) -> Guest:
    """Return a guest that asks a service and passes on what it is told."""

    async def guest(_: str, host: HostCalls) -> Outcome:
        request = json.dumps({"app": app_id, "operation": "verify", "input": {"month": 5, **given}})
        try:
            answers = [await host.ask("service.call", request) for _time in range(times)]
            return said(answers[-1])
        except HostRefusal as refusal:
            return refused(refusal.code, refusal.message, refusal.detail)

    return guest


def answering(output: str = '{"resident": true}') -> Guest:
    async def guest(_: str, __: HostCalls) -> Outcome:
        return said(output)

    return guest


async def settle(db: Database, app_id: str, number: int, clock: FixedClock) -> None:
    """Make an app live."""
    release = Release(
        id=f"rel_{number:032}",
        app_id=app_id,
        department_id=DepartmentId(".".join(reversed(app_id.split(".")[:2]))),
        version_code=1,
        version_name="1.0",
        name={"en": app_id},
        state=State.LIVE,
        digest=sha256_id(app_id),
        uploaded_by="stf_1",
        uploaded_at=clock.now(),
        approved_by="stf_2",
        findings=(),
        artifact=None,
    )
    text = f"query Of{number} {{ viewer {{ id }} }}"
    scopes = RecordingEdge.read_document(None, text)  # type: ignore[arg-type] # asks nothing of itself
    async with db.unit() as unit:
        await insert_release(unit, release, "packages/none.ma")
        await set_artifact(unit, release.id, Artifact("c", "n", "sha256:c", "sha256:n", "00", "test"))
        await replace_documents(unit, release.id, [ReleaseDocument(DOCUMENT, text, WORDS, "P0D", scopes)])
        await set_live(unit, app_id, release.id, clock.now())


async def declare(db: Database, number: int, app_id: str, imports: list[str], *, exports: bool = True) -> None:
    async with db.unit() as unit:
        await exchange.declare(
            unit,
            release_id=f"rel_{number:032}",
            app_id=app_id,
            department_id=DepartmentId("d.linhai"),
            exports=[Export("verify", ASKED, ANSWERED)] if exports else [],
            imports=[Import(ServiceName(item, "verify"), WORDS, "P0D") for item in imports],
            clock=SystemClock(),
        )


@pytest.fixture(autouse=True)
async def town(db: Database, edge: RecordingEdge, frozen_clock: FixedClock) -> None:
    """Make three more departments' apps live, each asking the next, and the citizen agree to all of it."""
    del edge  # it has made the first two apps
    for number, app_id in ((2, RESIDENCE), (3, TAX), (4, DEEPER)):
        await settle(db, app_id, number, frozen_clock)
    await declare(db, 0, APP, [RESIDENCE])
    await declare(db, 2, RESIDENCE, [TAX, APP])
    await declare(db, 3, TAX, [DEEPER, APP])
    await declare(db, 4, DEEPER, [])
    for app_id, used in ((APP, RESIDENCE), (RESIDENCE, TAX), (RESIDENCE, APP), (TAX, DEEPER), (TAX, APP)):
        await agree(db, app_id, used)


async def agree(db: Database, app_id: str, used: str) -> None:
    order = Decide(app_id=app_id, document_id=ServiceName(used, "verify").document_id)
    async with db.unit() as unit:
        await consent.grant(PHONE, order, unit=unit, clock=SystemClock())


async def withdraw_all(db: Database) -> None:
    async with db.unit() as unit:
        await unit.execute("DELETE FROM consent_grant")


async def log(db: Database) -> list[dict[str, Any]]:
    """Return the citizen's log of services and reads, the oldest first."""
    async with db.reader() as reader:
        page = await read_page(reader, audit.ACCESS_LOG, PHONE, order="newest", first=100)
    return [dict(row) for row in reversed(page.rows) if not row["action"].startswith("consent.")]


async def test_the_service_answers_for_the_same_citizen_under_its_own_name_for_them(
    db: Database, edge: RecordingEdge
) -> None:
    town = Town({APP: asking(), RESIDENCE: answering()})
    assert await ask(db, edge, town) == {"resident": True}
    handed = town.envelopes[RESIDENCE]
    assert (handed["operation"], handed["input"], handed["idempotencyKey"]) == ("verify", {"month": 5}, None)
    assert handed["citizen"]["subject"] == pairwise_subject(CITIZEN, RESIDENCE, b"k" * 32)
    assert handed["citizen"] != town.envelopes[APP]["citizen"]


async def test_the_service_reads_with_its_own_documents_as_itself(db: Database, edge: RecordingEdge) -> None:
    async def reading(_: str, host: HostCalls) -> Outcome:
        await host.execute(DOCUMENT, "{}")
        return said('{"resident": true}')

    await ask(db, edge, Town({APP: asking(), RESIDENCE: reading}))
    call, text, _ = edge.ran[0]
    assert text == "query Of2 { viewer { id } }"
    assert (call.actor.app_id, call.citizen_id, call.via, call.document_id) == (RESIDENCE, CITIZEN, (APP,), None)


async def test_the_citizens_log_names_both_apps(db: Database, edge: RecordingEdge) -> None:
    town = Town({APP: asking(), RESIDENCE: asking(TAX), TAX: answering()})
    await ask(db, edge, town)
    entries = await log(db)
    assert [(item["action"], item["app_id"], item["subject"]) for item in entries] == [
        ("service.called", APP, f"{RESIDENCE}/verify"),
        ("service.called", RESIDENCE, f"{TAX}/verify"),
    ]
    assert [
        json.loads(item["details"]) if isinstance(item["details"], str) else item["details"] for item in entries
    ] == [
        {},
        {"via": APP},
    ]
    assert all(item["basis"].startswith("consent:") for item in entries)


async def test_without_consent_the_phone_is_asked_and_the_service_never_runs(db: Database, edge: RecordingEdge) -> None:
    await withdraw_all(db)
    town = Town({APP: asking(), RESIDENCE: answering()})
    with pytest.raises(ConsentRequired) as asked:
        await ask(db, edge, town)
    sheet = asked.value
    assert (sheet.app_id, sheet.purpose, sheet.retention) == (APP, WORDS["en"], "P0D")
    assert sheet.fields[0].label.endswith(f": {RESIDENCE}/verify")
    assert RESIDENCE not in town.envelopes
    assert [(item["action"], item["outcome"]) for item in await log(db)] == [("service.called", "denied")]
    await agree(db, APP, RESIDENCE)
    assert await ask(db, edge, town) == {"resident": True}


async def test_a_no_of_the_citizen_stands(db: Database, edge: RecordingEdge) -> None:
    await withdraw_all(db)
    order = Decide(app_id=APP, document_id=ServiceName(RESIDENCE, "verify").document_id)
    async with db.unit() as unit:
        await consent.refuse(PHONE, order, unit=unit, clock=SystemClock())
    with pytest.raises(ConsentDenied):
        await ask(db, edge, Town({APP: asking(), RESIDENCE: answering()}))


async def test_the_sheet_of_the_service_itself_reaches_the_phone(db: Database, edge: RecordingEdge) -> None:
    """The service needs consent to its own document: both guests pass the refusal on, the core's own is shown."""
    edge.refusal = NEED

    async def reading(_: str, host: HostCalls) -> Outcome:
        try:
            return said(await host.execute(DOCUMENT, "{}"))
        except HostRefusal as refusal:
            return refused(refusal.code, "anything", "{}")

    with pytest.raises(ConsentRequired) as caught:
        await ask(db, edge, Town({APP: asking(), RESIDENCE: reading}))
    assert caught.value is NEED


@pytest.mark.parametrize(
    ("given", "output", "direction", "place"),
    [
        ({"month": "may"}, "{}", "input", "/month"),
        ({}, '{"resident": "yes"}', "output", "/resident"),
        ({}, '{"resident": true, "name": "Wang"}', "output", "/"),
        ({}, "[]", "output", "/"),
    ],
)
async def test_what_does_not_fit_the_contract_goes_no_further(
    db: Database,
    edge: RecordingEdge,
    given: dict[str, Any],
    output: str,
    direction: str,
    place: str,
) -> None:
    town = Town({APP: asking(**given), RESIDENCE: answering(output)})
    with pytest.raises(ServiceMismatch) as wrong:
        await ask(db, edge, town)
    assert (wrong.value.direction, wrong.value.place) == (direction, place)
    assert (RESIDENCE in town.envelopes) == (direction == "output")


async def refusal_of(db: Database, edge: RecordingEdge, guests: Mapping[str, Guest], **order: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(db, edge, Town(guests), **order)
    return caught.value


async def test_only_imported_live_exported_services_are_asked(db: Database, edge: RecordingEdge) -> None:
    for name in (TAX, "x", "", "x" * 10_000, "../" + RESIDENCE):
        assert isinstance(await refusal_of(db, edge, {APP: asking(name)}), ServiceNotDeclared)
    await declare(db, 2, RESIDENCE, [], exports=False)
    assert isinstance(await refusal_of(db, edge, {APP: asking()}), ServiceNotOffered)
    async with db.unit() as unit:
        await unit.execute("DELETE FROM live_release WHERE app_id = $1", RESIDENCE)
    assert isinstance(await refusal_of(db, edge, {APP: asking()}), ServiceNotOffered)


NAMED = f'"app": "{RESIDENCE}", "operation": "verify"'


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{", "1", "{}", f"{{{NAMED}}}", f'{{{NAMED}, "input": []}}', f'{{{NAMED}, "input": null}}'),
        f'{{{NAMED}, "input": {{}}, "key": "mine"}}',
        '{"app": 1, "operation": "verify", "input": {}}',
    ],
)
async def test_what_is_no_request_for_a_service_is_refused(db: Database, edge: RecordingEdge, text: str) -> None:
    async def guest(_: str, host: HostCalls) -> Outcome:
        try:
            return said(await host.ask("service.call", text))
        except HostRefusal as refusal:
            return refused(refusal.code)

    assert isinstance(await refusal_of(db, edge, {APP: guest}), InvalidInput)


async def test_a_call_goes_two_deep_and_never_back(db: Database, edge: RecordingEdge) -> None:
    guests = {APP: asking(), RESIDENCE: asking(TAX), TAX: answering()}
    assert await ask(db, edge, Town(guests)) == {"resident": True}
    for last, reason in ((asking(DEEPER), "depth"), (asking(APP), "cycle")):
        found = await refusal_of(db, edge, {**guests, TAX: last, DEEPER: answering()})
        assert isinstance(found, ServiceChainRefused)
        assert found.reason == reason
    found = await refusal_of(db, edge, {APP: asking(), RESIDENCE: asking(APP)})
    assert isinstance(found, ServiceChainRefused)


async def test_host_calls_are_shared_by_everybody_behind_one_tap(db: Database, edge: RecordingEdge) -> None:
    """Each of ten services may not ask fifty times: all together may."""

    async def greedy(_: str, host: HostCalls) -> Outcome:
        for _time in range(10):
            try:
                await host.execute(DOCUMENT, "{}")
            except HostRefusal as refusal:
                return refused(refusal.code)
        return said('{"resident": true}')

    town = Town({APP: asking(times=10), RESIDENCE: greedy})
    with pytest.raises(HostCallsExceeded):
        await ask(db, edge, town)
    assert len(edge.ran) == 50 - 5  # and five calls of the service
    assert town.limits[RESIDENCE].host_calls <= 50 - 5 - 40


async def test_time_and_processor_time_are_shared(db: Database, edge: RecordingEdge) -> None:
    async def slow(_: str, __: HostCalls) -> Outcome:
        await asyncio.sleep(0.2)
        spent = USED.__class__(wall_ms=200, cpu_ms=100, memory_bytes=0, host_calls=0, log_bytes=0, queued_ms=0)
        return Outcome(ok=True, output='{"resident": true}', code="", message="", detail=None, usage=spent)

    town = Town({APP: asking(times=2), RESIDENCE: slow})
    await ask(db, edge, town)
    assert town.limits[RESIDENCE].wall_ms <= 1000 - 200 - 50
    assert town.limits[RESIDENCE].guest_ms == 150


async def test_what_breaks_in_the_service_is_told_without_its_words_becoming_ours(
    db: Database, edge: RecordingEdge
) -> None:
    async def late(_: str, __: HostCalls) -> Outcome:
        raise MiniAppTimeout(app_id=RESIDENCE, limit_ms=900)

    async def no(_: str, __: HostCalls) -> Outcome:
        return refused("CONSENT_REQUIRED", "x" * 10_000, '{"fields": ["everything"]}')

    broken = await refusal_of(db, edge, {APP: asking(), RESIDENCE: late})
    assert isinstance(broken, ServiceUnavailable)
    assert broken.reason == "MINIAPP_TIMEOUT"
    said_no = await refusal_of(db, edge, {APP: asking(), RESIDENCE: no})
    assert isinstance(said_no, ServiceRefused)
    assert (said_no.app_code, len(said_no.app_message)) == ("CONSENT_REQUIRED", 500)


async def test_an_action_passes_on_a_key_that_a_repeat_makes_again(db: Database, edge: RecordingEdge) -> None:
    keys = []
    for key, month in (("k1", 5), ("k1", 5), ("k2", 5), ("k1", 6)):
        town = Town({APP: asking(month=month), RESIDENCE: answering()})
        await ask(db, edge, town, idempotency_key=key)
        keys.append(town.envelopes[RESIDENCE]["idempotencyKey"])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert not set(keys) & {"k1", "k2", None}
