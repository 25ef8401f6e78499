"""Tables of the ledger and the only statements that write them: balances move by guarded updates alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tortoise.models import Model

from shimin.db import FlagField, IdField, InstantField, MoneyField, Reader, Row, Unit
from shimin.kit.money import Money
from shimin.ledger.model import Account, HoldTransfer, OpenAccount, Transfer, TransferState


class LedgerAccount(Model):
    """One account with its running balance."""

    id = IdField(primary_key=True)
    owner_kind = IdField()
    owner_id = IdField()
    kind = IdField()
    currency = IdField()
    may_go_negative = FlagField()
    posted_minor = MoneyField()
    held_minor = MoneyField()
    opened_at = InstantField()

    class Meta:
        """Names the table; what migration 0003 adds holds whatever statement is run."""

        table = "ledger_account"
        app = "shimin"


class LedgerTransfer(Model):
    """One transfer; only its state and the time it ended ever change."""

    id = IdField(primary_key=True)
    idempotency_key = IdField(unique=True)
    from_account = IdField()
    to_account = IdField()
    amount_minor = MoneyField()
    currency = IdField()
    purpose = IdField()
    state = IdField()
    trace_id = IdField()
    held_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        """Names the table."""

        table = "ledger_transfer"
        app = "shimin"
        indexes = (("state", "held_at"),)


class LedgerEntry(Model):
    """One side of a posted transfer; never changed, never removed."""

    id = IdField(primary_key=True)
    transfer_id = IdField()
    account_id = IdField()
    amount_minor = MoneyField()
    currency = IdField()
    posted_at = InstantField()

    class Meta:
        """One entry per transfer and account."""

        table = "ledger_entry"
        app = "shimin"
        unique_together = (("transfer_id", "account_id"),)
        indexes = (("account_id", "posted_at"),)


async def insert_account(unit: Unit, order: OpenAccount, at: datetime) -> None:
    """Open the account unless it is open; everything but the balance follows from the id."""
    await unit.execute(
        "INSERT INTO ledger_account"
        " (id, owner_kind, owner_id, kind, currency, may_go_negative, posted_minor, held_minor, opened_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7) ON CONFLICT (id) DO NOTHING",
        *(order.id, order.owner_kind, order.owner_id, order.kind, order.currency, order.may_go_negative, at),
    )


async def insert_transfer(unit: Unit, order: HoldTransfer, *, trace_id: str, at: datetime) -> bool:
    """Write the transfer as pending; False when its id or its key is taken."""
    return bool(
        await unit.execute(
            "INSERT INTO ledger_transfer (id, idempotency_key, from_account, to_account, amount_minor, currency,"
            " purpose, state, trace_id, held_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'PENDING', $8, $9)"
            " ON CONFLICT DO NOTHING",
            *(order.id, order.idempotency_key, order.from_account, order.to_account),
            *(order.amount.amount_minor, order.amount.currency, order.purpose, trace_id, at),
        )
    )


async def reserve(unit: Unit, order: HoldTransfer) -> bool:
    """Hold the amount on the paying account if it covers it and both accounts have the currency."""
    return bool(
        await unit.execute(
            "UPDATE ledger_account SET held_minor = held_minor + $1 WHERE id = $2 AND currency = $3"
            " AND (may_go_negative OR posted_minor - held_minor >= $1)"
            " AND EXISTS (SELECT 1 FROM ledger_account AS other WHERE other.id = $4 AND other.currency = $3)",
            *(order.amount.amount_minor, order.from_account, order.amount.currency, order.to_account),
        )
    )


async def end_transfer(unit: Unit, transfer_id: str, state: TransferState, at: datetime) -> Transfer | None:
    """Take the transfer out of PENDING; None when it is not pending (any more)."""
    row = await unit.fetch_one(
        "UPDATE ledger_transfer SET state = $1, ended_at = $2 WHERE id = $3 AND state = 'PENDING' RETURNING *",
        *(state.value, at, transfer_id),
    )
    return _transfer(row) if row else None


async def insert_entries(unit: Unit, transfer: Transfer, at: datetime) -> None:
    """Write both sides of a transfer that this unit has just posted, and move both balances by them."""
    amount = transfer.amount.amount_minor
    sides = ((transfer.from_account, -amount, amount), (transfer.to_account, amount, 0))
    for account, signed, released in sorted(sides):  # one order for everybody: no two units wait for each other
        await unit.execute(
            "INSERT INTO ledger_entry (id, transfer_id, account_id, amount_minor, currency, posted_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(f"{transfer.id}:{'from' if released else 'to'}", transfer.id, account, signed),
            *(transfer.amount.currency, at),
        )
        await _move(unit, account, signed, released)


async def release(unit: Unit, transfer: Transfer) -> None:
    """Give back what a transfer that this unit has just voided was holding."""
    await _move(unit, transfer.from_account, 0, transfer.amount.amount_minor)


async def _move(unit: Unit, account: str, signed: int, released: int) -> None:
    moved = await unit.execute(
        "UPDATE ledger_account SET posted_minor = posted_minor + $1, held_minor = held_minor - $2 WHERE id = $3",
        *(signed, released, account),
    )
    if moved != 1:
        message = f"the ledger account {account} vanished"
        raise AssertionError(message)


async def find_transfer(reader: Reader, transfer_id: str) -> Transfer | None:
    """Return one transfer."""
    row = await reader.fetch_one("SELECT * FROM ledger_transfer WHERE id = $1", transfer_id)
    return _transfer(row) if row else None


async def some_transfers(reader: Reader, ids: Sequence[str]) -> list[Transfer]:
    """Return those of these transfers that exist."""
    if not ids:
        return []
    places = ", ".join(f"${number}" for number in range(1, len(ids) + 1))
    found = await reader.fetch(f"SELECT * FROM ledger_transfer WHERE id IN ({places})", *ids)  # noqa: S608 - numbers only
    return [_transfer(row) for row in found]


async def find_same(reader: Reader, order: HoldTransfer) -> Transfer | None:
    """Return the transfer that has taken the order's key or id."""
    row = await reader.fetch_one(
        "SELECT * FROM ledger_transfer WHERE idempotency_key = $1 OR id = $2 ORDER BY id",
        *(order.idempotency_key, order.id),
    )
    return _transfer(row) if row else None


async def find_account(reader: Reader, account_id: str) -> Account | None:
    """Return one account."""
    row = await reader.fetch_one("SELECT * FROM ledger_account WHERE id = $1", account_id)
    return _account(row) if row else None


async def all_accounts(reader: Reader) -> list[Account]:
    """Return every account in the order of its id."""
    return [_account(row) for row in await reader.fetch("SELECT * FROM ledger_account ORDER BY id")]


async def transfers_by_state(reader: Reader) -> dict[str, int]:
    """Count the transfers in each state."""
    rows = await reader.fetch("SELECT state, COUNT(*) AS transfers FROM ledger_transfer GROUP BY state ORDER BY state")
    return {row["state"]: row["transfers"] for row in rows}


async def sums_by_currency(reader: Reader) -> list[Row]:
    """Return per currency the sum of balances and the sum of entries; both are 0 in a sound ledger."""
    return await reader.fetch(
        "SELECT currency, CAST(SUM(balance) AS BIGINT) AS balances_minor, CAST(SUM(entry) AS BIGINT) AS entries_minor"
        " FROM (SELECT currency, posted_minor AS balance, 0 AS entry FROM ledger_account"
        " UNION ALL SELECT currency, 0, amount_minor FROM ledger_entry) AS amounts GROUP BY currency ORDER BY currency"
    )


async def rows_of(reader: Reader, sql: str, args: Sequence[Any] = ()) -> list[Row]:
    """Return what one of the checks finds."""
    return await reader.fetch(sql, *args)


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        owner_kind=row["owner_kind"],
        owner_id=row["owner_id"],
        kind=row["kind"],
        currency=row["currency"],
        may_go_negative=bool(row["may_go_negative"]),
        posted=Money(row["posted_minor"], row["currency"]),
        held=Money(row["held_minor"], row["currency"]),
        opened_at=row["opened_at"],
    )


def _transfer(row: Row) -> Transfer:
    return Transfer(
        id=row["id"],
        idempotency_key=row["idempotency_key"],
        from_account=row["from_account"],
        to_account=row["to_account"],
        amount=Money(row["amount_minor"], row["currency"]),
        purpose=row["purpose"],
        state=TransferState(row["state"]),
        held_at=row["held_at"],
        ended_at=row["ended_at"],
    )
