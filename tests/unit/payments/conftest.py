"""A cashier's desk: citizens, bills, a payment network and a department that do as the test says."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from shimin import ledger, payments
from shimin.db import Database
from shimin.kit.call import Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId, new_id
from shimin.kit.money import Money
from shimin.ports.channel import ChannelEvent, ChannelUnavailable, Charge, ChargeState
from shimin.ports.source import SourceAnswer, SourceQuestion

SYSTEM = system_call()


def citizen_call(name: str, *, assurance: int = 2) -> Call:
    """Return a call by a citizen in person."""
    citizen_id = CitizenId(f"ctz_{name:0>32}")
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=assurance))


def app_call(call: Call, app_id: str = "linhai.hrss.social-security") -> Call:
    """Return a call by a mini-app on behalf of that citizen."""
    return call.for_release(app_id=app_id, release_id=f"rel_{app_id}", department_id=DepartmentId("hrss.linhai"))


@dataclass
class ScriptedChannel:
    """A payment network whose answers the test decides; it remembers what it was asked."""

    name: str = "emulator"
    is_open: bool = True
    charges: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    collected: dict[str, Charge] = field(default_factory=dict)
    answers_charges: bool = True
    hears_charges: bool = True
    answers_queries: bool = True
    outcome: ChargeState = "pending"

    async def charge(self, charge: Charge) -> ChannelEvent:
        """Collect once per payment id, if the request arrives; answer, if the answer arrives."""
        self.charges.append(charge.payment_id)
        if self.hears_charges:
            self.collected.setdefault(charge.payment_id, charge)
        if not self.answers_charges or not self.hears_charges:
            raise ChannelUnavailable
        return self.event(charge.payment_id)

    async def query(self, payment_id: str) -> ChannelEvent:
        """Tell what became of a charge."""
        self.queries.append(payment_id)
        if not self.answers_queries:
            raise ChannelUnavailable
        return self.event(payment_id)

    def event(self, payment_id: str, state: ChargeState | None = None, **changed: Any) -> ChannelEvent:
        """Return what the network says of a charge."""
        charge = self.collected.get(payment_id)
        said = state or (self.outcome if charge else "unknown")
        values: dict[str, Any] = {
            "event_id": f"{said}:{payment_id}",
            "payment_id": payment_id,
            "state": said,
            "amount": charge.amount if charge else None,
            "channel_ref": f"chn:{payment_id}",
        }
        return ChannelEvent(**{**values, **changed})

    def read_notification(self, headers: object, body: bytes) -> ChannelEvent:
        """Notifications are the contract tests' business."""
        raise NotImplementedError

    async def close(self) -> None:
        """Hold nothing."""


@dataclass
class ScriptedSource:
    """A department that writes down what it is told."""

    clock: FixedClock
    asked: list[SourceQuestion] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"recorded": True})

    async def ask(self, question: SourceQuestion) -> SourceAnswer:
        """Answer as the test says."""
        self.asked.append(question)
        return SourceAnswer(data=self.answer, as_of=self.clock.now())

    async def close(self) -> None:
        """Hold nothing."""


@dataclass
class Desk:
    """The payments domain on a fresh database, each verb in a unit of its own."""

    db: Database
    clock: FixedClock
    channel: ScriptedChannel
    source: ScriptedSource
    lin: Call = field(default_factory=lambda: citizen_call("1"))
    wang: Call = field(default_factory=lambda: citizen_call("2"))

    def person(self, name: str, *, assurance: int = 2) -> Call:
        """Return a call by some other citizen in person."""
        return citizen_call(name, assurance=assurance)

    def app(self, call: Call | None = None, app_id: str = "linhai.hrss.social-security") -> Call:
        """Return a call by a mini-app on behalf of a citizen."""
        return app_call(call or self.lin, app_id)

    def bill(self, reference: str = "SI-2026-11", **changed: Any) -> payments.BillDetails:
        values: dict[str, Any] = {
            "source": "hrss",
            "department_id": DepartmentId("hrss.linhai"),
            "reference": reference,
            "title": "城乡居民养老保险 2026",
            "payee": "临海市人力资源和社会保障局",
            "amount": Money(36000),
            "due_on": date(2026, 12, 31),
            "for_citizen": CitizenId("ctz_1"),
        }
        return payments.BillDetails(**{**values, **changed})

    async def request(
        self, call: Call | None = None, *, payment_id: str | None = None, bill: payments.BillDetails | None = None
    ) -> payments.Payment:
        order = payments.RequestPayment(payment_id or new_id("pay"), bill or self.bill())
        async with self.db.unit() as unit:
            return await payments.request(call or self.lin, order, unit=unit, clock=self.clock)

    async def confirm(self, payment: payments.Payment | str, call: Call | None = None) -> payments.Payment:
        order = payments.ConfirmPayment(payment if isinstance(payment, str) else payment.id)
        async with self.db.unit() as unit:
            return await payments.confirm(call or self.lin, order, unit=unit, clock=self.clock)

    async def cancel(self, payment: payments.Payment, call: Call | None = None) -> payments.Payment:
        async with self.db.unit() as unit:
            return await payments.cancel(call or self.lin, payment.id, unit=unit, clock=self.clock)

    async def confirmed(self, **bill: Any) -> payments.Payment:
        """Return a confirmed payment that the network has heard of."""
        payment = await self.confirm(await self.request(bill=self.bill(**bill)))
        await self.channel.charge(Charge(payment.id, payment.amount, payment.subject))
        return payment

    async def settle(self, event: ChannelEvent) -> payments.Settlement:
        async with self.db.unit() as unit:
            return await payments.settle(SYSTEM, event, channel="emulator", unit=unit, clock=self.clock)

    async def charge(self, payment: payments.Payment) -> None:
        await payments.charge(SYSTEM, payment.id, db=self.db, channel=self.channel, clock=self.clock)

    async def chase(self, older_than_s: float = 15) -> int:
        return await payments.chase(
            SYSTEM, db=self.db, channel=self.channel, clock=self.clock, older_than_s=older_than_s
        )

    async def report(self, payment: payments.Payment) -> None:
        await payments.report(SYSTEM, payment.id, db=self.db, source=self.source, clock=self.clock)

    async def state(self, payment: payments.Payment) -> str:
        async with self.db.reader() as reader:
            return str(await reader.fetch_value("SELECT state FROM payment WHERE id = $1", payment.id))

    async def facts(self) -> list[str]:
        """Return the names of all facts so far, in order."""
        async with self.db.reader() as reader:
            return [row["name"] for row in await reader.fetch("SELECT name FROM outbox ORDER BY seq")]

    async def balances(self) -> dict[str, int]:
        async with self.db.reader() as reader:
            balance = await ledger.trial_balance(reader)
        return {account.id: account.posted.amount_minor for account in balance.accounts if account.posted.amount_minor}

    async def problems(self) -> list[object]:
        """Return everything that does not add up."""
        async with self.db.reader(snapshot=True) as reader:
            return [*(await ledger.verify(reader)).findings, *await payments.verify(reader)]


@pytest.fixture
def desk(db: Database, frozen_clock: FixedClock) -> Desk:
    """Give a fresh desk."""
    return Desk(db, frozen_clock, ScriptedChannel(), ScriptedSource(frozen_clock))
