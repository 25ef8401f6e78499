"""A small inbox in a real database, and the ways to ask for it: what tests of compiled queries share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson

from shimin import departments, messages
from shimin.db import Database
from shimin.departments import Department
from shimin.kit.call import Actor, Call, Locale, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.messages import SenderKind, SendMessage
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.reply import Reply
from shimin_graphql.engine.run import Engine
from shimin_graphql.schema import schema

LIN, WU = CitizenId("ctz_lin"), CitizenId("ctz_wu")
FIRST = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ODD = 'quotes " \\ and 中文 \u007f \u2028 \x01\t\n, $1 ?1 {braces}'


def citizen(citizen_id: CitizenId = LIN, locale: Locale = "zh-Hans") -> Call:
    """Return a call of a citizen in person."""
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2), locale=locale)


@dataclass
class Desk:
    """A database with an inbox in it, and an engine with and without compiled queries."""

    db: Database
    clock: FixedClock
    fragments: Fragments | None = None

    def __post_init__(self) -> None:
        """Make the engine."""
        self.documents = Documents(schema._schema)
        self.engine = Engine(self.documents.schema, timeout_s=5, hide_suggestions=True, fragments=self.fragments)

    def context(self, call: Call) -> Context:
        """Return the surroundings of one request."""
        platform: Any = SimpleNamespace(db=self.db, clock=self.clock)
        return Context(call=call, platform=platform)

    async def compiled(self, text: str, variables: dict[str, Any] | None = None, call: Call | None = None) -> bytes:
        """Return the compiled answer; it is a mistake of the test if there is none."""
        reply = await self.tried(text, variables, call)
        assert reply is not None, "not compiled"
        return reply.body

    async def tried(self, text: str, variables: dict[str, Any] | None = None, call: Call | None = None) -> Reply | None:
        """Return the compiled answer, or None where it is left to the resolvers."""
        document = self.documents.compile(text)
        return await self.engine.compiled.reply(document, variables or {}, self.context(call or citizen()))

    async def resolved(self, text: str, variables: dict[str, Any] | None = None, call: Call | None = None) -> bytes:
        """Return the resolvers' answer."""
        document = self.documents.compile(text)
        return orjson.dumps(await self.engine.run(document, variables or {}, self.context(call or citizen())))

    async def fill(self) -> None:
        """Send messages to two citizens; some are read, one is full of signs that must be escaped."""
        names: dict[Locale, str] = {"zh-Hans": "人社局", "en": "Social security"}
        async with self.db.unit() as unit:
            await departments.register(
                system_call(), Department(DepartmentId("hrss.linhai"), names), unit=unit, clock=self.clock
            )
        for number in range(12):
            await self.send(f"msg_{number:032x}", LIN, number)
        await self.send(f"msg_{99:032x}", WU, 99)
        async with self.db.unit() as unit:
            for number in (3, 7):
                await messages.mark_read(citizen(), f"msg_{number:032x}", unit=unit, clock=self.clock)

    async def send(self, message_id: str, to: CitizenId, number: int) -> None:
        """Send one message; even ones are receipts of a department, odd ones failures told by the platform."""
        self.clock.at = FIRST + timedelta(seconds=number, microseconds=number * 120_000 if number % 3 else 0)
        receipt = number % 2 == 0
        values = {"subject": ODD if number == 4 else f"Bill {number}", "amount": f"{number}.00 CNY"}
        if receipt:
            values |= {"receipt_number": f"R{number}", "payee": "社保局", "paid_at": "2026-11-01"}
        order = SendMessage(
            id=message_id,
            citizen_id=to,
            sender_kind=SenderKind.DEPARTMENT if receipt else SenderKind.PLATFORM,
            sender="hrss.linhai" if receipt else "platform",
            template="payment.receipt" if receipt else "payment.failed",
            values=values,
            payment_id=f"pay_{number:032x}" if receipt else None,
        )
        async with self.db.unit() as unit:
            await messages.send(system_call(on_behalf_of=to), order, unit=unit, clock=self.clock)
