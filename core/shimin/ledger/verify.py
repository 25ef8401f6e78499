"""Proving the ledger: everything that must add up is added up again from the entries."""

from dataclasses import dataclass
from typing import Literal

from shimin.db import Reader
from shimin.ledger import rows
from shimin.ledger.trial_balance import TrialBalance, trial_balance

FINDINGS_MAX = 100
"""Of each kind no more than this are listed."""

FindingKind = Literal[
    "currency_not_zero",
    "balance_is_not_sum_of_entries",
    "held_is_not_sum_of_pending",
    "account_overdrawn",
    "posted_without_its_entries",
    "entries_without_posting",
    "entry_in_wrong_currency",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not add up, and where."""

    kind: FindingKind
    where: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The ledger and everything wrong with it."""

    balance: TrialBalance
    findings: tuple[Finding, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


_CHECKS: dict[FindingKind, str] = {
    "balance_is_not_sum_of_entries": """
        SELECT a.id AS place FROM ledger_account AS a LEFT JOIN ledger_entry AS e ON e.account_id = a.id
        GROUP BY a.id, a.posted_minor HAVING a.posted_minor <> COALESCE(SUM(e.amount_minor), 0)""",
    "held_is_not_sum_of_pending": """
        SELECT a.id AS place FROM ledger_account AS a
        LEFT JOIN ledger_transfer AS t ON t.from_account = a.id AND t.state = 'PENDING'
        GROUP BY a.id, a.held_minor HAVING a.held_minor <> COALESCE(SUM(t.amount_minor), 0)""",
    "account_overdrawn": """
        SELECT id AS place FROM ledger_account WHERE NOT may_go_negative AND posted_minor < held_minor""",
    "posted_without_its_entries": """
        SELECT t.id AS place FROM ledger_transfer AS t
        LEFT JOIN ledger_entry AS o ON o.transfer_id = t.id AND o.account_id = t.from_account
            AND o.amount_minor = -t.amount_minor
        LEFT JOIN ledger_entry AS i ON i.transfer_id = t.id AND i.account_id = t.to_account
            AND i.amount_minor = t.amount_minor
        WHERE t.state = 'POSTED' AND (o.id IS NULL OR i.id IS NULL)""",
    "entries_without_posting": """
        SELECT e.id AS place FROM ledger_entry AS e LEFT JOIN ledger_transfer AS t ON t.id = e.transfer_id
        WHERE t.id IS NULL OR t.state <> 'POSTED' OR e.account_id NOT IN (t.from_account, t.to_account)""",
    "entry_in_wrong_currency": """
        SELECT e.id AS place FROM ledger_entry AS e LEFT JOIN ledger_account AS a ON a.id = e.account_id
        LEFT JOIN ledger_transfer AS t ON t.id = e.transfer_id
        WHERE a.id IS NULL OR a.currency <> e.currency OR t.currency <> e.currency""",
}


async def verify(reader: Reader) -> LedgerReport:
    """Check the whole ledger from its entries upward.

    Args:
        reader: a snapshot, so that postings under way do not look like faults.
    """
    balance = await trial_balance(reader)
    findings = [Finding("currency_not_zero", sums.currency) for sums in balance.sums if not sums.is_balanced]
    for kind, sql in _CHECKS.items():
        found = await rows.rows_of(reader, f"{sql} ORDER BY 1 LIMIT {FINDINGS_MAX}")
        findings += [Finding(kind, row["place"]) for row in found]
    return LedgerReport(balance=balance, findings=tuple(findings))
