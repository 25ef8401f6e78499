"""A guest asks its department's own service: what the core adds, what it keeps, and what the guest never sees."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.miniapps.test_broker import APP, OTHER_APP, RecordingEdge, ask, refused, said

from shimin import connectors
from shimin.adapters.http_connector import HttpConnector
from shimin.connectors import DeclaredConnector, SetSecret, connector_id
from shimin.db import Database
from shimin.kit.call import Actor, Call
from shimin.kit.clock import FixedClock, SystemClock
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import Refusal
from shimin.ports.connector import UpstreamUnavailable
from shimin.ports.sandbox import HostCalls, HostRefusal, Outcome

ORIGIN, DEPARTMENT = "https://api.hrss.example", DepartmentId("hrss.linhai")
SECRET = "Bearer of-the-department"
ADMIN = Call(actor=Actor(kind="member", id="stf_1", department_id=DEPARTMENT, roles=frozenset({"department_admin"})))
OWN = connector_id(APP, "hrss", ORIGIN)


@dataclass
class Service:
    """The department's service: a real server that answers and remembers."""

    port: int = 0
    answer: bytes = b'{"balance": 7}'
    status: str = "200 OK"
    kind: str = "application/json"
    pause_s: float = 0
    received: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.received.append(head)
        if self.pause_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), self.pause_s)
        shown = f"HTTP/1.1 {self.status}\r\ncontent-type: {self.kind}\r\ncontent-length: {len(self.answer)}\r\n\r\n"
        writer.write(shown.encode() + self.answer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
async def service(db: Database, edge: RecordingEdge) -> AsyncIterator[Service]:
    """Serve the department's service, and declare it for the first app."""
    made = Service()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    edge.connector = HttpConnector(allow_loopback=True, moved={ORIGIN: f"http://127.0.0.1:{made.port}"})
    async with db.unit() as unit:
        await connectors.declare(
            unit,
            release_id=f"rel_{0:032}",
            app_id=APP,
            department_id=DEPARTMENT,
            connectors=[DeclaredConnector("hrss", ORIGIN)],
            clock=SystemClock(),
        )
    yield made
    server.close()


async def set_secret(db: Database, edge: RecordingEdge, clock: FixedClock) -> None:
    async with db.unit() as unit:
        await connectors.set_secret(
            ADMIN, SetSecret(OWN, "authorization", SECRET), unit=unit, sealer=edge.sealer, clock=clock
        )


def asking(**request: Any) -> Any:
    """Return a guest that asks once and passes on what it is told."""

    async def guest(_: str, host: HostCalls) -> Outcome:
        try:
            return said(await host.fetch("hrss", json.dumps({"path": "/v1/people/7", **request})))
        except HostRefusal as refusal:
            return refused(refusal.code, refusal.message, refusal.detail)

    return guest


async def calls(db: Database) -> list[dict[str, Any]]:
    async with db.reader() as reader:
        return [dict(row) for row in await reader.fetch("SELECT * FROM connector_call ORDER BY id")]


async def test_the_guest_gets_the_answer_and_never_the_secret(
    db: Database,
    edge: RecordingEdge,
    service: Service,
    frozen_clock: FixedClock,
) -> None:
    await set_secret(db, edge, frozen_clock)
    answer = await ask(db, edge, asking(query={"year": "2026"}))
    assert answer == {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"balance": 7}'}
    sent = service.received[0].lower().split("\r\n")
    assert sent[0] == "get /v1/people/7?year=2026 http/1.1"
    assert f"authorization: {SECRET.lower()}" in sent
    async with db.reader() as reader:
        kept = [await reader.fetch("SELECT * FROM connector"), await reader.fetch("SELECT * FROM outbox")]
    assert "of-the-department" not in f"{kept} {answer} {await calls(db)}"


async def test_without_a_secret_the_request_goes_without(db: Database, edge: RecordingEdge, service: Service) -> None:
    await ask(db, edge, asking())
    assert "authorization" not in service.received[0].lower()


async def test_each_request_is_kept_for_review_without_values(
    db: Database, edge: RecordingEdge, service: Service
) -> None:
    await ask(db, edge, asking(method="POST", body='{"name": "Wang"}'), idempotency_key="k1")
    (kept,) = await calls(db)
    assert (kept["app_id"], kept["release_id"], kept["department_id"]) == (APP, f"rel_{0:032}", DEPARTMENT)
    assert (kept["method"], kept["path_template"], kept["outcome"]) == ("POST", "/v1/people/{}", "answered")
    assert (kept["status"], kept["request_bytes"], kept["answer_bytes"]) == (200, 16, len(service.answer))
    assert "Wang" not in str(kept)


async def test_a_guest_call_that_asks_no_origin_writes_nothing(db: Database, edge: RecordingEdge) -> None:
    async def guest(_: str, __: HostCalls) -> Outcome:
        return said("1")

    await ask(db, edge, guest)
    assert await calls(db) == []


async def test_a_late_service_is_refused_in_the_guests_time_and_kept(
    db: Database, edge: RecordingEdge, service: Service
) -> None:
    service.pause_s = 5
    with pytest.raises(UpstreamUnavailable) as late:
        await asyncio.wait_for(ask(db, edge, asking()), 1.5)
    assert (late.value.connector, late.value.reason) == ("hrss", "slow")
    (kept,) = await calls(db)
    assert (kept["outcome"], kept["status"]) == ("slow", None)
    assert 500 < kept["duration_ms"] < 1_000


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_only_an_action_changes_something_there(
    db: Database,
    edge: RecordingEdge,
    service: Service,
    method: str,
) -> None:
    assert await _code(db, edge, asking(method=method)) == "IDEMPOTENCY_KEY_MISSING"
    assert service.received == []
    await ask(db, edge, asking(method=method), idempotency_key="k1")
    assert service.received[0].startswith(method)


async def test_another_app_of_the_same_department_has_no_part_in_it(
    db: Database, edge: RecordingEdge, service: Service
) -> None:
    assert await _code(db, edge, asking(), app_id=OTHER_APP) == "CONNECTOR_NOT_AVAILABLE"
    assert service.received == []


async def test_a_secret_that_cannot_be_opened_stops_the_request(
    db: Database,
    edge: RecordingEdge,
    service: Service,
    frozen_clock: FixedClock,
) -> None:
    """A sealed secret copied to another row opens nothing there."""
    await set_secret(db, edge, frozen_clock)
    other = DeclaredConnector("hrss", "https://evil.example")
    async with db.unit() as unit:
        await connectors.declare(
            unit,
            release_id=f"rel_{1:032}",
            app_id=OTHER_APP,
            department_id=DEPARTMENT,
            connectors=[other],
            clock=frozen_clock,
        )
        copied = "(SELECT sealed FROM connector WHERE id = $1)"
        await unit.execute(
            f"UPDATE connector SET header = 'x-api-key', sealed = {copied} WHERE id = $2",  # noqa: S608 - constant
            *(OWN, connector_id(OTHER_APP, "hrss", other.origin)),
        )
    assert await _code(db, edge, asking(), app_id=OTHER_APP) == "SEAL_BROKEN"
    assert service.received == []


@pytest.mark.parametrize(
    ("kind", "answer", "body"),
    [
        ("application/json; charset=GBK", "余额".encode("gbk"), "余额"),
        ("text/plain; charset=utf-8", "余额".encode(), "余额"),
        ("application/json", "余额".encode(), "余额"),
    ],
)
async def test_text_arrives_as_text(
    db: Database,
    edge: RecordingEdge,
    service: Service,
    kind: str,
    answer: bytes,
    body: str,
) -> None:
    service.kind, service.answer = kind, answer
    assert (await ask(db, edge, asking()))["body"] == body


@pytest.mark.parametrize(("answer", "reason"), [(b"\xff\xfe", "nonsense"), (b"\x01" * 400_000, "too_large")])
async def test_what_is_no_text_or_grows_too_large_is_no_answer(
    db: Database,
    edge: RecordingEdge,
    service: Service,
    answer: bytes,
    reason: str,
) -> None:
    service.answer = answer
    with pytest.raises(UpstreamUnavailable) as refusal:
        await ask(db, edge, asking())
    assert refusal.value.reason == reason


async def _code(db: Database, edge: RecordingEdge, guest: Any, **order: Any) -> str:
    """Return the core's refusal as it reaches the phone."""
    try:
        await ask(db, edge, guest, **order)
    except Refusal as refusal:
        return refusal.code
    return "ok"
