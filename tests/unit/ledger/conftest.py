"""Three accounts and the shortest way to move money between them."""

from dataclasses import dataclass

import pytest

from shimin import ledger
from shimin.db import Database
from shimin.kit.call import system_call
from shimin.kit.clock import FixedClock
from shimin.kit.money import Money

CALL = system_call()


@dataclass(frozen=True)
class Books:
    """A ledger with the world outside and two departments, and its verbs each in a unit of its own."""

    db: Database
    clock: FixedClock
    world: str
    police: str
    hrss: str

    def order(self, number: int, amount_minor: int = 500, **changed: object) -> ledger.HoldTransfer:
        values: dict[str, object] = {
            "id": f"trf_{number}",
            "idempotency_key": f"key-{number}",
            "from_account": self.world,
            "to_account": self.hrss,
            "amount": Money(amount_minor),
            "purpose": "payment",
        }
        return ledger.HoldTransfer(**{**values, **changed})  # type: ignore[arg-type]

    async def hold(self, order: ledger.HoldTransfer) -> ledger.Transfer:
        async with self.db.unit() as unit:
            return await ledger.hold(CALL, order, unit=unit, clock=self.clock)

    async def post(self, transfer_id: str) -> ledger.Transfer:
        async with self.db.unit() as unit:
            return await ledger.post(CALL, transfer_id, unit=unit, clock=self.clock)

    async def void(self, transfer_id: str) -> ledger.Transfer:
        async with self.db.unit() as unit:
            return await ledger.void(CALL, transfer_id, unit=unit, clock=self.clock)

    async def verify(self) -> ledger.LedgerReport:
        async with self.db.reader(snapshot=True) as reader:
            return await ledger.verify(reader)

    async def balance(self, account_id: str) -> tuple[int, int]:
        """Return what an account has and what is held on it."""
        async with self.db.reader() as reader:
            account = await ledger.find_account(reader, account_id)
        assert account is not None
        return account.posted.amount_minor, account.held.amount_minor

    async def run(self, sql: str, *args: object) -> None:
        """Do what no verb does."""
        async with self.db.unit() as unit:
            await unit.execute(sql, *args)


@pytest.fixture
async def books(db: Database, frozen_clock: FixedClock) -> Books:
    """Give an empty ledger with three accounts."""
    orders = (
        ledger.OpenAccount("channel", "emulator", "clearing"),
        ledger.OpenAccount("department", "police.linhai", "payee"),
        ledger.OpenAccount("department", "hrss.linhai", "payee"),
    )
    async with db.unit() as unit:
        for order in orders:
            await ledger.open_account(CALL, order, unit=unit, clock=frozen_clock)
    return Books(db, frozen_clock, *(order.id for order in orders))
