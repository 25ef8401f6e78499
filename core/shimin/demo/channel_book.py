"""What the channel emulator writes down: charges, what will be told of them and when, in a file of its own."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

Outcome = Literal["pay", "fail", "late", "lost", "twice", "out_of_order", "forged", "amount_different", "unanswered"]
"""What becomes of the next charge: ``pay`` collects; ``fail`` does not; ``late`` collects and tells late; ``lost``
collects and never tells; ``twice`` tells five times; ``out_of_order`` tells of an earlier failed try afterwards;
``forged`` is preceded by a notification with a wrong signature; ``amount_different`` tells a wrong amount;
``unanswered`` collects and answers the charge too late."""
GIVE_UP_S = 86_400.0
RETRY_S_MAX = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS charge (
    payment_id TEXT PRIMARY KEY, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, subject TEXT NOT NULL,
    channel_ref TEXT NOT NULL, outcome TEXT NOT NULL, ends_at REAL NOT NULL, asked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, payment_id TEXT NOT NULL, state TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, forged INTEGER NOT NULL, due_at REAL NOT NULL, made_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'waiting');
CREATE INDEX IF NOT EXISTS notification_due ON notification (due_at) WHERE status = 'waiting';
CREATE TABLE IF NOT EXISTS plan (id INTEGER PRIMARY KEY, outcome TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge as it stands."""

    payment_id: str
    amount_minor: int
    currency: str
    channel_ref: str
    outcome: Outcome
    ends_at: float
    asked: int

    def state(self, now_s: float) -> Literal["pending", "settled", "failed"]:
        """Return what became of it by now."""
        if now_s < self.ends_at:
            return "pending"
        return "failed" if self.outcome == "fail" else "settled"


@dataclass(frozen=True, slots=True)
class Telling:
    """A notification on its way."""

    id: int
    event_id: str
    payment_id: str
    state: str
    amount_minor: int
    currency: str
    channel_ref: str
    forged: bool
    attempts: int
    made_at: float


class OtherAmount(Exception):  # noqa: N818 - an answer, not an error
    """The payment id was charged before with another amount."""


class ChannelBook:
    """The emulator's memory; every write is on disk before anybody is told of it."""

    def __init__(self, path: Path, *, late_s: float = 20.0) -> None:
        """Open the file, made when missing; ``late_s`` is how late *late* is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._late_s = late_s
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;")
        self._db.executescript(_SCHEMA)

    def plan(self, outcomes: Sequence[Outcome]) -> None:
        """Decide what becomes of the next charges, one each, in this order; afterwards they pay again."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO plan (outcome) VALUES (?)", [(outcome,) for outcome in outcomes])

    def charge(
        self, *, payment_id: str, amount_minor: int, currency: str, subject: str, now_s: float, delay_s: float
    ) -> tuple[Charged, bool]:
        """Take a charge once; the same payment id again is the same charge. Return it and whether it is new.

        Raises:
            OtherAmount: the id was charged with another amount.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            before = self.find(payment_id)
            if before is not None:
                if (before.amount_minor, before.currency) != (amount_minor, currency):
                    raise OtherAmount
                self._db.execute("UPDATE charge SET asked = asked + 1 WHERE payment_id = ?", (payment_id,))
                return before, False
            outcome = self._next_outcome()
            self._db.execute(
                "INSERT INTO charge VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
                (payment_id, amount_minor, currency, subject, f"chn_{uuid4().hex}", outcome, now_s + delay_s),
            )
            self._foretell(payment_id, amount_minor, outcome, now_s, now_s + delay_s)
            charged = self.find(payment_id)
        if charged is None:
            message = "a charge vanished"
            raise AssertionError(message)
        return charged, True

    def find(self, payment_id: str) -> Charged | None:
        """Return a charge."""
        rows = self._rows(
            "SELECT payment_id, amount_minor, currency, channel_ref, outcome, ends_at, asked FROM charge"
            " WHERE payment_id = ?",
            payment_id,
        )
        return Charged(**rows[0]) if rows else None

    def due(self, now_s: float, limit: int = 20) -> list[Telling]:
        """Return notifications whose time has come."""
        rows = self._rows(
            "SELECT n.id, n.event_id, n.payment_id, n.state, n.amount_minor, c.currency, c.channel_ref, n.forged,"
            " n.attempts, n.made_at FROM notification AS n JOIN charge AS c ON c.payment_id = n.payment_id"
            " WHERE n.status = 'waiting' AND n.due_at <= ? ORDER BY n.due_at, n.id LIMIT ?",
            now_s,
            limit,
        )
        return [Telling(**{**row, "forged": bool(row["forged"])}) for row in rows]

    def told(self, telling: Telling, status: int | None, now_s: float) -> None:
        """Write down how a notification went; one that was not taken is told again, ever more seldom, for a day.

        Args:
            status: the HTTP status, or None when nobody answered.
        """
        taken = status is not None and (200 <= status < 300 or status in {401, 409})  # noqa: PLR2004 - HTTP
        if taken or now_s - telling.made_at > GIVE_UP_S:
            ended = "taken" if status is not None and status < 300 else "refused"  # noqa: PLR2004 - HTTP
            self._db.execute(
                "UPDATE notification SET status = ?, attempts = attempts + 1 WHERE id = ?", (ended, telling.id)
            )
            return
        wait_s = min(0.25 * 2 ** min(telling.attempts, 10), RETRY_S_MAX)
        self._db.execute(
            "UPDATE notification SET attempts = attempts + 1, due_at = ? WHERE id = ?", (now_s + wait_s, telling.id)
        )

    def charges(self) -> list[dict[str, Any]]:
        """Return every charge with its notifications, for whoever tests."""
        charges = self._rows("SELECT * FROM charge ORDER BY payment_id")
        for charge in charges:
            charge["notifications"] = self._rows(
                "SELECT event_id, state, amount_minor, forged, attempts, status FROM notification"
                " WHERE payment_id = ? ORDER BY id",
                charge["payment_id"],
            )
        return charges

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _next_outcome(self) -> Outcome:
        rows = self._rows("DELETE FROM plan WHERE id = (SELECT MIN(id) FROM plan) RETURNING outcome")
        outcome: Outcome = rows[0]["outcome"] if rows else "pay"
        return outcome

    def _foretell(self, payment_id: str, amount_minor: int, outcome: Outcome, now_s: float, ends_at: float) -> None:
        """Write down which notifications this outcome will send and when."""
        state = "failed" if outcome == "fail" else "settled"
        event, earlier = f"evt_{uuid4().hex}", f"evt_{uuid4().hex}"
        tellings: list[tuple[str, str, int, bool, float]] = [(event, state, amount_minor, False, ends_at)]
        if outcome == "late":
            tellings = [(event, state, amount_minor, False, ends_at + self._late_s)]
        elif outcome == "lost":
            tellings = []
        elif outcome == "twice":
            tellings = [(event, state, amount_minor, False, ends_at + 0.02 * copy) for copy in range(5)]
        elif outcome == "out_of_order":
            tellings.append((earlier, "failed", amount_minor, False, ends_at + 0.3))
        elif outcome == "forged":
            tellings = [(earlier, state, amount_minor, True, ends_at), (event, state, amount_minor, False, ends_at + 1)]
        elif outcome == "amount_different":
            tellings = [(event, state, amount_minor + 1, False, ends_at)]
        self._db.executemany(
            "INSERT INTO notification (event_id, state, amount_minor, forged, due_at, payment_id, made_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*telling, payment_id, now_s) for telling in tellings],
        )

    def _rows(self, sql: str, *args: object) -> list[dict[str, Any]]:
        with closing(self._db.execute(sql, args)) as found:
            return [dict(row) for row in found.fetchall()]
