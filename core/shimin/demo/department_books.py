"""What the invented department writes down: which bill was paid by which payment, in a file of its own."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Literal

from shimin.demo.residents import ResidentBill

Problem = Literal["unknown_bill", "other_amount", "paid_otherwise", "payment_used"]


class Books:
    """The department's book of payments; every write is on disk before it is answered."""

    def __init__(self, path: Path, bills: Iterable[ResidentBill], *, today: date) -> None:
        """Open the book, or begin it today.

        Args:
            path: the file; its folder is made when missing.
            bills: the first bill of each kind that everybody got.
            today: when the book begins, if it does not exist yet.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._first_bills = tuple(bills)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;"
            "CREATE TABLE IF NOT EXISTS book (began_on TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS paid (payment_id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE,"
            " amount_minor INTEGER NOT NULL, currency TEXT NOT NULL);"
        )
        self._db.execute(
            "INSERT INTO book SELECT ? WHERE NOT EXISTS (SELECT 1 FROM book)",
            (today.isoformat(),),
        )
        with closing(self._db.execute("SELECT began_on FROM book")) as found:
            self.began_on = date.fromisoformat(found.fetchone()[0])

    def paid(self) -> dict[str, str]:
        """Return the payment of each paid bill by the bill's reference."""
        with closing(self._db.execute("SELECT reference, payment_id FROM paid")) as found:
            return dict(found.fetchall())

    def issued(self, bills: Iterable[ResidentBill]) -> list[ResidentBill]:
        """Return the bills with those that followed: once a month's contribution is paid, the next month's is due."""
        paid = self.paid()
        found = []
        for first in bills:
            bill: ResidentBill | None = first
            while bill is not None:
                found.append(bill)
                bill = bill.following() if bill.reference in paid else None
        return found

    def record(self, *, reference: str, payment_id: str, amount_minor: int, currency: str) -> Problem | None:
        """Write down once that a payment paid a bill; a repeat changes nothing. Return what is wrong, if anything."""
        bill = next((bill for bill in self.issued(self._first_bills) if bill.reference == reference), None)
        if bill is None:
            return "unknown_bill"
        if (amount_minor, currency) != (bill.amount_minor, "CNY"):
            return "other_amount"
        self._db.execute(
            "INSERT INTO paid VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (payment_id, reference, amount_minor, currency),
        )
        with closing(
            self._db.execute(
                "SELECT payment_id, reference FROM paid WHERE payment_id = ? OR reference = ?", (payment_id, reference)
            )
        ) as found:
            rows = found.fetchall()
        if (payment_id, reference) in rows:
            return None
        return "payment_used" if any(row[0] == payment_id for row in rows) else "paid_otherwise"

    def close(self) -> None:
        """Close the file."""
        self._db.close()
