"""Paying as a phone and a mini-app do it: GraphQL documents, the department as a real server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from starlette.applications import Starlette

from shimin import identity
from shimin.adapters.closed_channel import ClosedChannel
from shimin.adapters.http_source import HttpSource
from shimin.assembly import Platform
from shimin.config import Settings
from shimin.db import Database
from shimin.demo.department import department_app
from shimin.demo.residents import Resident, load_residents
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock, SystemClock
from shimin.kit.ids import DepartmentId, new_id
from shimin.ports.registration import SourceAddress
from shimin.vault import read_registrations
from shimin_graphql.context import Context
from shimin_graphql.edge import SchemaEdge, make_edge

SECRET = b"s" * 32
REQUEST = """mutation RequestPayment($input: RequestPaymentInput!) { requestPayment(input: $input) { __typename
  ... on Payment { id state amount { amountMinor currency } } ... on Refused { code message } } }"""
CANCEL = """mutation CancelPayment($input: CancelPaymentInput!) { cancelPayment(input: $input) { __typename
  ... on Payment { state } ... on Refused { code } } }"""


@contextmanager
def serving(app: Starlette) -> Iterator[tuple[str, uvicorn.Server]]:
    """Serve an application in a thread of its own; yield its address and the server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Desk:
    """The GraphQL edge over a platform that has what payments need."""

    edge: SchemaEdge
    platform: Platform
    department: uvicorn.Server
    lin: Call
    wu: Call

    async def run(self, call: Call, text: str, **variables: Any) -> Mapping[str, Any]:
        """Run a document for a caller and return the response."""
        return await self.edge.engine.run(self.edge.documents.compile(text), variables, Context(call, self.platform))

    async def client(self, call: Call, name: str, **variables: Any) -> Any:
        """Run one of the mobile client's documents; return its only field."""
        text = (resources.files("shimin_graphql") / "operations" / f"{name}.graphql").read_text("utf-8")
        answer = await self.run(call, text, **variables)
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    async def request(self, call: Call, payment_id: str, reference: str, source: str = "hrss") -> Any:
        """Ask for a payment."""
        asked = {"id": payment_id, "source": source, "billReference": reference}
        answer = await self.run(call, REQUEST, input=asked)
        assert "errors" not in answer, answer
        return answer["data"]["requestPayment"]

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        async with self.platform.db.reader() as reader:
            return int(await reader.fetch_value(f"SELECT COUNT(*) FROM {table}"))  # noqa: S608 - named by the test


def app_of(call: Call, app_id: str = "linhai.hrss.social-security") -> Call:
    """Return a call by a mini-app on behalf of that citizen."""
    return call.for_release(app_id=app_id, release_id=new_id("rel"), department_id=DepartmentId("hrss.linhai"))


@pytest.fixture
async def desk(db: Database, frozen_clock: FixedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give an edge, a department and two citizens whose names are confirmed."""
    specs = read_registrations((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"))
    with serving(department_app(tmp_path / "department.db", SECRET)) as (url, server):
        source = HttpSource(specs, dict.fromkeys(specs, SourceAddress(url, SECRET)), clock=SystemClock())
        network = SimpleNamespace(name="emulator", is_open=True)
        parts = SimpleNamespace(db=db, clock=frozen_clock, source=source, sources=specs, channel=network)
        platform = cast("Platform", parts)
        residents = load_residents()
        people = [await _citizen(residents[number], platform) for number in (0, 2)]
        yield Desk(make_edge(Settings()), platform, server, *people)
        await source.close()


async def _citizen(person: Resident, platform: Platform) -> Call:
    async with platform.db.unit() as unit:
        citizen_id = await identity.register(system_call(), person.phone, unit=unit, clock=platform.clock)
    call = Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2), locale="en")
    await identity.confirm_real_name(
        call, person.name_zh_hans, person.id_number, db=platform.db, source=platform.source, clock=platform.clock
    )
    return call


def bill_of_lin() -> Any:
    """Return the bill that 林小满 owes."""
    return load_residents()[0].bills[0]


async def test_a_mini_app_asks_the_citizen_confirms_and_both_see_it(desk: Desk) -> None:
    payment_id, bill = new_id("pay"), bill_of_lin()
    app = app_of(desk.lin)
    asked = await desk.request(app, payment_id, bill.reference)
    assert asked == {
        "__typename": "Payment",
        "id": payment_id,
        "state": "REQUESTED",
        "amount": {"amountMinor": str(bill.amount_minor), "currency": "CNY"},
    }
    confirmed = await desk.client(desk.lin, "confirm_payment", input={"id": payment_id})
    assert (confirmed["__typename"], confirmed["state"]) == ("Payment", "CONFIRMED")
    assert await desk.client(desk.lin, "confirm_payment", input={"id": payment_id}) == confirmed
    for call in (desk.lin, app):
        seen = await desk.client(call, "payment", id=payment_id)
        assert (seen["state"], seen["subject"], seen["receiptNumber"]) == ("CONFIRMED", bill.title_en, None)
        listed = await desk.client(call, "payments")
        assert [edge["node"]["id"] for edge in listed["edges"]] == [payment_id]
    assert await desk.count("ledger_transfer") == 1


async def test_a_mini_app_cannot_ask_for_the_payment_of_another_departments_bill(desk: Desk) -> None:
    foreign = desk.lin.for_release(
        app_id="linhai.psb.fines", release_id=new_id("rel"), department_id=DepartmentId("psb.linhai")
    )
    asked = {"id": new_id("pay"), "source": "hrss", "billReference": bill_of_lin().reference}
    answer = await desk.run(foreign, REQUEST, input=asked)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_ALLOWED"]
    assert (await desk.count("payment"), await desk.count("payment_bill")) == (0, 0)


async def test_a_mini_app_can_neither_confirm_nor_cancel(desk: Desk) -> None:
    payment_id = new_id("pay")
    await desk.request(app_of(desk.lin), payment_id, bill_of_lin().reference)
    for text in (CANCEL, CANCEL.replace("cancel", "confirm").replace("Cancel", "Confirm")):
        answer = await desk.run(app_of(desk.lin), text, input={"id": payment_id})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_ALLOWED"]
        assert not answer["data"]
    assert (await desk.client(desk.lin, "payment", id=payment_id))["state"] == "REQUESTED"


async def test_nobody_else_sees_pays_or_cancels_a_payment(desk: Desk) -> None:
    payment_id = new_id("pay")
    await desk.request(app_of(desk.lin), payment_id, bill_of_lin().reference)
    for call in (desk.wu, app_of(desk.wu), app_of(desk.lin, "linhai.police.fines")):
        assert await desk.client(call, "payment", id=payment_id) is None
        assert (await desk.client(call, "payments"))["edges"] == []
    refused = await desk.client(desk.wu, "confirm_payment", input={"id": payment_id})
    assert (refused["__typename"], refused["code"]) == ("NotFound", "NOT_FOUND")
    answer = await desk.run(desk.wu, CANCEL, input={"id": payment_id})
    assert answer["data"]["cancelPayment"]["code"] == "NOT_FOUND"
    assert (await desk.client(desk.lin, "payment", id=payment_id))["state"] == "REQUESTED"


async def test_an_installation_without_a_network_takes_no_payment_and_says_so(desk: Desk) -> None:
    payment_id = new_id("pay")
    await desk.request(app_of(desk.lin), payment_id, bill_of_lin().reference)
    cast("Any", desk.platform).channel = ClosedChannel()
    refused = await desk.client(desk.lin, "confirm_payment", input={"id": payment_id})
    assert (refused["__typename"], refused["code"]) == ("PaymentsClosed", "PAYMENTS_CLOSED")
    assert (await desk.client(desk.lin, "payment", id=payment_id))["state"] == "REQUESTED"
    assert await desk.count("ledger_transfer") == 0


async def test_somebody_elses_bill_does_not_exist(desk: Desk) -> None:
    refused = await desk.request(desk.wu, new_id("pay"), bill_of_lin().reference)
    assert refused["code"] == "BILL_NOT_FOUND"
    assert await desk.count("payment") == 0


async def test_a_repeat_is_answered_even_while_the_department_is_away(desk: Desk) -> None:
    payment_id, reference = new_id("pay"), bill_of_lin().reference
    asked = await desk.request(desk.lin, payment_id, reference)
    desk.department.should_exit = True
    while desk.department.servers[0].is_serving():  # noqa: ASYNC110 - another thread stops it
        await asyncio.sleep(0.02)
    assert await desk.request(desk.lin, payment_id, reference) == asked
    refused = await desk.request(desk.lin, new_id("pay"), reference)
    assert (refused["__typename"], refused["code"]) == ("SourceUnavailable", "SOURCE_UNAVAILABLE")
    assert await desk.count("payment") == 1


async def test_what_cannot_be_asked_for_is_refused_as_data_and_leaves_nothing(desk: Desk) -> None:
    payment_id, reference = new_id("pay"), bill_of_lin().reference
    low = Call(actor=Actor(kind="citizen", id="ctz_x", citizen_id=desk.lin.need_citizen(), assurance=1))
    assert (await desk.request(low, payment_id, reference))["code"] == "ASSURANCE_TOO_LOW"
    assert (await desk.request(desk.lin, "pay_1", reference))["code"] == "INVALID_ID"
    assert (await desk.request(desk.lin, payment_id, "no bill"))["code"] == "INVALID_INPUT"
    assert (await desk.request(desk.lin, payment_id, reference, "../etc"))["code"] == "INVALID_INPUT"
    answer = await desk.run(
        Call(actor=ANONYMOUS), REQUEST, input={"id": payment_id, "source": "hrss", "billReference": reference}
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_SIGNED_IN"]
    assert await desk.count("payment") == 0
    assert await desk.count("payment_bill") == 0


async def test_one_id_for_two_bills_and_two_payments_for_one_bill_are_refused_as_data(desk: Desk) -> None:
    one, two, reference = new_id("pay"), new_id("pay"), bill_of_lin().reference
    await desk.request(desk.lin, one, reference)
    assert (await desk.request(desk.lin, one, "OTHER-1"))["code"] == "IDEMPOTENCY_CONFLICT"
    await desk.request(desk.lin, two, reference)
    await desk.client(desk.lin, "confirm_payment", input={"id": one})
    refused = await desk.client(desk.lin, "confirm_payment", input={"id": two})
    assert (refused["__typename"], refused["code"]) == ("BillBeingPaid", "BILL_BEING_PAID")
    assert reference in refused["message"]
