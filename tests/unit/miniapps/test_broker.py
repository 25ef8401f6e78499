"""The broker between a phone and a guest: what the guest asks is checked, what it says is believed by nobody."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shimin import miniapps, releases
from shimin.adapters.file_sealer import FileSealer
from shimin.adapters.http_connector import HttpConnector
from shimin.consent import AskedField, ConsentRequired
from shimin.db import Database, read_one
from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.clock import FixedClock, SystemClock
from shimin.kit.digest import sha256_id
from shimin.kit.document import DocumentScopes
from shimin.kit.held import assert_outside_unit
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import InvalidInput, NotAllowed, NotSignedIn, Refusal
from shimin.messages import INBOX, AppTemplate, message_of, register_templates
from shimin.miniapps import CallMiniApp, IdempotencyKeyMissing, MiniAppAnswerInvalid, MiniAppRefused
from shimin.miniapps.broker import INPUT_BYTES_MAX
from shimin.miniapps.errors import CODE_CHARS_MAX, MESSAGE_CHARS_MAX
from shimin.ports.sandbox import HostCalls, HostRefusal, Limits, MiniAppTimeout, Outcome, ReleaseRef, Sandbox, Usage
from shimin.releases import Artifact, Release, ReleaseDocument, State
from shimin.releases.rows import insert_release, replace_documents, set_artifact, set_live

APP, OTHER_APP = "linhai.hrss.social-security", "linhai.hrss.other"
DOCUMENT = "operations/overview.graphql"
TEXT = "query Overview { viewer { id } }"
SECRET = b"k" * 32
CITIZEN = CitizenId("ctz_" + "1" * 32)
PHONE = Call(actor=Actor(kind="citizen", id=CITIZEN, citizen_id=CITIZEN, assurance=2), locale="en")
NEED = ConsentRequired(
    document_id="sha256:d", app_id=APP, terms="t1", purpose="p", retention="P0D", fields=[AskedField("s", "S")]
)
Guest = Callable[[str, HostCalls], Awaitable[Outcome]]
USED = Usage(wall_ms=1, cpu_ms=1, memory_bytes=0, host_calls=0, log_bytes=0, queued_ms=0)


def said(output: str) -> Outcome:
    return Outcome(ok=True, output=output, code="", message="", detail=None, usage=USED)


def refused(code: str, message: str = "", detail: str | None = None) -> Outcome:
    return Outcome(ok=False, output="", code=code, message=message, detail=detail, usage=USED)


@dataclass
class GuestSandbox:
    """Fulfils the sandbox port with a guest written in the test."""

    guest: Guest
    asked: list[tuple[ReleaseRef, str, dict[str, Any]]] = field(default_factory=list)

    async def call(
        self, release: ReleaseRef, operation: str, input_json: str, *, host: HostCalls, limits: Limits
    ) -> Outcome:
        """Run the guest, outside any unit, with an envelope within its limits."""
        assert_outside_unit("run a guest")
        assert len(input_json) <= limits.input_bytes_max
        self.asked.append((release, operation, json.loads(input_json)))
        return await self.guest(input_json, host)

    async def close(self) -> None:
        """Hold nothing."""


@dataclass
class RecordingEdge:
    """Fulfils the edge port: remembers as whom documents ran, answers or refuses as the test says.

    Beside it the two parts that a guest's requests to origins go through.
    """

    connector: HttpConnector
    sealer: FileSealer
    refusal: Exception | None = None
    ran: list[tuple[Call, str, Mapping[str, Any]]] = field(default_factory=list)

    def read_document(self, text: str) -> DocumentScopes:
        """Name the document."""
        return DocumentScopes(sha256_id(text), "Overview", "query", ())

    async def run_document(self, call: Call, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer with what was asked."""
        self.ran.append((call, text, variables))
        if self.refusal:
            raise self.refusal
        return {"viewer": {"id": call.citizen_id}}


@pytest.fixture
async def edge(db: Database, frozen_clock: FixedClock, tmp_path: Path) -> AsyncIterator[RecordingEdge]:
    """Put two live apps into the database; give their edge."""
    edge = RecordingEdge(HttpConnector(), FileSealer(tmp_path / "sealing"))
    for number, app_id in enumerate((APP, OTHER_APP)):
        release = Release(
            id=f"rel_{number:032}",
            app_id=app_id,
            department_id=DepartmentId("hrss.linhai"),
            version_code=1,
            version_name="1.0",
            name={"en": "Social security"},
            state=State.LIVE,
            digest=sha256_id(app_id),
            uploaded_by="stf_1",
            uploaded_at=frozen_clock.now(),
            approved_by="stf_2",
            findings=(),
            artifact=None,
        )
        document = ReleaseDocument(DOCUMENT, TEXT, {"en": "p"}, "P0D", edge.read_document(TEXT))
        async with db.unit() as unit:
            await insert_release(unit, release, "packages/none.ma")
            artifact = Artifact("c.wasm", "c.cwasm", "sha256:c", "sha256:n", "00", "test engine")
            await set_artifact(unit, release.id, artifact)
            await replace_documents(unit, release.id, [document])
            await set_live(unit, app_id, release.id, frozen_clock.now())
    yield edge
    await edge.connector.close()


async def ask(db: Database, edge: RecordingEdge, guest: Guest | Sandbox, call: Call = PHONE, **order: Any) -> Any:
    """Call the app as a phone does."""
    sandbox = GuestSandbox(guest) if callable(guest) else guest
    wanted = CallMiniApp(**{"app_id": APP, "operation": "overview", "input": {}, **order})
    return await miniapps.call_mini_app(
        call,
        wanted,
        db=db,
        sandbox=sandbox,
        edge=edge,
        connector=edge.connector,
        sealer=edge.sealer,
        clock=SystemClock(),
        subject_secret=SECRET,
    )


def answering(output: str) -> Guest:
    async def guest(_: str, __: HostCalls) -> Outcome:
        return said(output)

    return guest


def passing_on(document: str = DOCUMENT, variables: str = "{}") -> Guest:
    """Return a guest that asks for a document and passes a refusal on, as the SDK does."""

    async def guest(_: str, host: HostCalls) -> Outcome:
        try:
            return said(await host.execute(document, variables))
        except HostRefusal as refusal:
            return refused(refusal.code, refusal.message, refusal.detail)

    return guest


async def test_a_document_of_the_release_runs_as_the_release_on_behalf_of_its_citizen(
    db: Database, edge: RecordingEdge
) -> None:
    assert await ask(db, edge, passing_on(variables='{"first": 1}')) == {"viewer": {"id": CITIZEN}}
    call, text, variables = edge.ran[0]
    assert (call.actor.kind, call.actor.app_id, call.actor.release_id) == ("miniapp", APP, f"rel_{0:032}")
    assert (call.citizen_id, call.actor.citizen_id, call.actor.assurance) == (CITIZEN, None, 2)
    assert (text, variables) == (TEXT, {"first": 1})


@pytest.mark.parametrize("path", ["operations/other.graphql", "../overview.graphql", TEXT, "", "x" * 10_000])
async def test_a_document_the_release_does_not_hold_is_never_run(db: Database, edge: RecordingEdge, path: str) -> None:
    with pytest.raises(miniapps.DocumentNotDeclared) as caught:
        await ask(db, edge, passing_on(path))
    assert not edge.ran
    assert len(caught.value.path) <= 200


@pytest.mark.parametrize("variables", ["[]", "{", "null", '"x"', "{'a': 1}", "NaN"])
async def test_variables_that_are_no_json_object_are_refused(db: Database, edge: RecordingEdge, variables: str) -> None:
    with pytest.raises(InvalidInput):
        await ask(db, edge, passing_on(variables=variables))
    assert not edge.ran


@pytest.mark.parametrize("connector", ["http://169.254.169.254/", "hrss", "", "x" * 10_000])
async def test_a_connector_the_release_does_not_declare_is_never_asked(
    db: Database, edge: RecordingEdge, connector: str
) -> None:
    async def guest(_: str, host: HostCalls) -> Outcome:
        with pytest.raises(HostRefusal) as caught:
            await host.fetch(connector, '{"path": "/"}')
        return said(json.dumps(caught.value.code))

    assert await ask(db, edge, guest) == "CONNECTOR_NOT_AVAILABLE"


async def test_the_consent_sheet_is_the_cores_own_even_if_the_guest_rewrites_it(
    db: Database, edge: RecordingEdge
) -> None:
    """The guest met the refusal and passes on another purpose and other fields: the phone gets the core's."""
    edge.refusal = NEED

    async def guest(_: str, host: HostCalls) -> Outcome:
        with pytest.raises(HostRefusal):
            await host.execute(DOCUMENT, "{}")
        return refused("CONSENT_REQUIRED", "just press yes", '{"purpose": "a present", "fields": []}')

    with pytest.raises(ConsentRequired) as caught:
        await ask(db, edge, guest)
    assert caught.value is NEED


async def test_a_guest_that_invents_a_consent_refusal_shows_nobody_a_sheet(db: Database, edge: RecordingEdge) -> None:
    async def guest(_: str, __: HostCalls) -> Outcome:
        return refused("CONSENT_REQUIRED", "give me everything", '{"fields": ["everything"]}')

    with pytest.raises(MiniAppRefused) as caught:
        await ask(db, edge, guest)
    assert (caught.value.code, caught.value.app_code) == ("MINIAPP_REFUSED", "CONSENT_REQUIRED")


async def test_a_guests_own_no_is_shown_as_its_own_and_cut_to_size(db: Database, edge: RecordingEdge) -> None:
    async def guest(_: str, __: HostCalls) -> Outcome:
        return refused("C" * 1_000, "m" * 10_000)

    with pytest.raises(MiniAppRefused) as caught:
        await ask(db, edge, guest)
    assert (len(caught.value.app_code), len(caught.value.app_message)) == (CODE_CHARS_MAX, MESSAGE_CHARS_MAX)
    assert caught.value.app_id == APP


@pytest.mark.parametrize("output", ["", "{", "undefined", "NaN", "{} {}", "\ud800", "'x'"])
async def test_an_answer_that_is_not_one_json_value_is_invalid(db: Database, edge: RecordingEdge, output: str) -> None:
    with pytest.raises(MiniAppAnswerInvalid):
        await ask(db, edge, answering(output))


async def test_what_the_sandbox_refuses_reaches_the_phone_as_it_is(db: Database, edge: RecordingEdge) -> None:
    async def guest(_: str, __: HostCalls) -> Outcome:
        raise MiniAppTimeout(app_id=APP, limit_ms=1000)

    with pytest.raises(MiniAppTimeout):
        await ask(db, edge, guest)


async def test_the_guest_is_told_language_key_and_a_subject_but_not_who_it_is(
    db: Database, edge: RecordingEdge
) -> None:
    sandbox = GuestSandbox(answering("1"))
    await ask(db, edge, sandbox, input={"month": 5}, idempotency_key="k1")
    release, operation, envelope = sandbox.asked[0]
    assert (release.app_id, release.compiled_digest, operation) == (APP, "sha256:n", "overview")
    subject = envelope.pop("citizen")["subject"]
    assert envelope == {"input": {"month": 5}, "locale": "en", "idempotencyKey": "k1"}
    assert CITIZEN[4:] not in subject


async def test_a_citizens_subject_is_stable_in_one_app_and_another_in_the_next(
    db: Database, edge: RecordingEdge
) -> None:
    sandbox = GuestSandbox(answering("1"))
    neighbour_id = CitizenId("ctz_" + "2" * 32)
    neighbour = Call(actor=Actor(kind="citizen", id=neighbour_id, citizen_id=neighbour_id, assurance=2))
    for app_id, call in ((APP, PHONE), (APP, PHONE), (OTHER_APP, PHONE), (APP, neighbour)):
        await ask(db, edge, sandbox, call, app_id=app_id)
    first, again, elsewhere, somebody = (envelope["citizen"]["subject"] for _, _, envelope in sandbox.asked)
    assert first == again
    assert len({first, elsewhere, somebody}) == 3


@pytest.mark.parametrize("operation", ["", "x" * 65])
async def test_an_operations_name_has_bounds(db: Database, edge: RecordingEdge, operation: str) -> None:
    with pytest.raises(InvalidInput):
        await ask(db, edge, answering("1"), operation=operation)


async def test_an_input_beyond_the_limit_never_reaches_the_guest(db: Database, edge: RecordingEdge) -> None:
    sandbox = GuestSandbox(answering("1"))
    for order in ({"input": {"x": "y" * INPUT_BYTES_MAX}}, {"idempotency_key": "k" * INPUT_BYTES_MAX}):
        with pytest.raises(InvalidInput):
            await ask(db, edge, sandbox, **order)
    assert not sandbox.asked


async def test_an_app_that_is_not_live_is_not_served(db: Database, edge: RecordingEdge) -> None:
    sandbox = GuestSandbox(answering("1"))
    for app_id in ("linhai.hrss.none", "", "x" * 1_000):
        with pytest.raises(releases.AppNotServed) as caught:
            await ask(db, edge, sandbox, app_id=app_id)
        assert len(caught.value.app_id) <= 100
    async with db.unit() as unit:
        await unit.execute("DELETE FROM live_release WHERE app_id = $1", APP)
    with pytest.raises(releases.AppNotServed):
        await ask(db, edge, sandbox)
    assert not sandbox.asked


async def test_only_a_citizen_in_person_calls_a_mini_app(db: Database, edge: RecordingEdge) -> None:
    sandbox = GuestSandbox(answering("1"))
    inside = PHONE.for_release(app_id=APP, release_id="rel_1", department_id=DepartmentId("hrss.linhai"))
    staff = Call(actor=Actor(kind="operator", id="stf_1", roles=frozenset({"reviewer", "releaser"})))
    for call, refusal in ((Call(actor=ANONYMOUS), NotSignedIn), (inside, NotAllowed), (staff, NotAllowed)):
        with pytest.raises(refusal):
            await ask(db, edge, sandbox, call)
    assert not sandbox.asked


async def test_two_citizens_at_once_are_never_mixed(db: Database, edge: RecordingEdge) -> None:
    async def guest(_: str, host: HostCalls) -> Outcome:
        await asyncio.sleep(0.001)
        return said(await host.execute(DOCUMENT, "{}"))

    people = [CitizenId(f"ctz_{number:032}") for number in range(20)]
    calls = [Call(actor=Actor(kind="citizen", id=person, citizen_id=person, assurance=2)) for person in people]
    answers = await asyncio.gather(*(ask(db, edge, guest, call) for call in calls))
    assert [answer["viewer"]["id"] for answer in answers] == people


def calling(service: str, request: str) -> Guest:
    """Return a guest that asks a service and passes on what it is told."""

    async def guest(_: str, host: HostCalls) -> Outcome:
        try:
            return said(await host.ask(service, request))
        except HostRefusal as refusal:
            return refused(refusal.code, refusal.message, refusal.detail)

    return guest


async def test_a_mini_app_keeps_values_for_its_citizen(db: Database, edge: RecordingEdge) -> None:
    put = await ask(
        db, edge, calling("store.put", '{"key": "draft", "value": {"a": "甲"}, "version": 0}'), idempotency_key="tap-1"
    )
    assert await ask(db, edge, calling("store.get", '{"key": "draft"}')) == {"value": {"a": "甲"}, **put}
    assert await ask(db, edge, calling("store.keys", '{"prefix": "d"}')) == ["draft"]
    assert await ask(db, edge, calling("store.keys", "{}"), app_id=OTHER_APP) == []
    assert await ask(db, edge, calling("store.delete", '{"key": "draft"}'), idempotency_key="tap-1") == {}
    assert await ask(db, edge, calling("store.keys", "{}")) == []


async def test_a_mini_app_writes_to_its_citizens_inbox_in_the_words_of_its_release(
    db: Database, edge: RecordingEdge
) -> None:
    words = {"zh-Hans": "到{place}", "en": "At {place}"}
    async with db.unit() as unit:
        template = AppTemplate("visit.booked", words, words)
        await register_templates(unit, release_id=f"rel_{0:032}", templates=[template])
    order = {"id": "msg_1", "template": "visit.booked", "params": {"place": "A1"}}
    sent = await ask(db, edge, calling("messages.send", json.dumps(order)), idempotency_key="tap-1")
    async with db.reader() as reader:
        row = await read_one(reader, INBOX, PHONE, sent["id"])
    assert row is not None
    assert message_of(row).title("en") == "At A1"


@pytest.mark.parametrize(
    ("service", "request_text", "code"),
    [
        ("messages.send", '{"id": "m", "template": "visit.booked", "params": {}}', "MESSAGE_NOT_DECLARED"),
        ("messages.send", '{"id": "m", "template": "visit.booked", "params": []}', "INVALID_INPUT"),
        ("messages.send", '{"id": 1, "template": "visit.booked"}', "INVALID_INPUT"),
        ("store.keys", '{"prefix": 1}', "INVALID_INPUT"),
        ("store.get", '{"key": "draft"}', "NOT_FOUND"),
        ("store.get", '{"key": "../x"}', "INVALID_INPUT"),
        ("store.get", "{}", "INVALID_INPUT"),
        ("store.get", "[]", "INVALID_INPUT"),
        ("store.get", "no json", "INVALID_INPUT"),
        ("store.get", '{"key": "draft", "citizenId": "ctz_2"}', "NOT_FOUND"),
        ("store.put", '{"key": "draft", "value": 1, "version": 7}', "STORE_CONFLICT"),
        ("payments.create", "{}", "SERVICE_NOT_AVAILABLE"),
        ("__class__", "{}", "SERVICE_NOT_AVAILABLE"),
        ("x" * 10_000, "{}", "SERVICE_NOT_AVAILABLE"),
    ],
)
async def test_what_a_service_refuses_is_told_by_its_code(
    db: Database, edge: RecordingEdge, service: str, request_text: str, code: str
) -> None:
    with pytest.raises(Refusal) as told:
        await ask(db, edge, calling(service, request_text), idempotency_key="tap-1")
    assert told.value.code == code


@pytest.mark.parametrize("service", ["store.put", "store.delete", "messages.send"])
async def test_a_call_without_a_key_changes_nothing(db: Database, edge: RecordingEdge, service: str) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        await ask(db, edge, calling(service, '{"key": "draft", "value": 1}'))
    assert await ask(db, edge, calling("store.keys", "{}")) == []
