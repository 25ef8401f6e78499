"""Double-entry ledger: every unit of money is accounted for at all times, and nothing happens twice."""

from shimin.ledger.errors import (
    AccountUnknown,
    CurrencyMismatch,
    InsufficientFunds,
    TransferEnded,
    TransferUnknown,
)
from shimin.ledger.hold import hold
from shimin.ledger.model import Account, HoldTransfer, OpenAccount, Transfer, TransferState, account_id
from shimin.ledger.open_account import open_account
from shimin.ledger.post import post
from shimin.ledger.trial_balance import CurrencySums, TrialBalance, trial_balance
from shimin.ledger.verify import Finding, LedgerReport, verify
from shimin.ledger.views import find_account, find_transfers
from shimin.ledger.void import void

__all__ = [
    "Account",
    "AccountUnknown",
    "CurrencyMismatch",
    "CurrencySums",
    "Finding",
    "HoldTransfer",
    "InsufficientFunds",
    "LedgerReport",
    "OpenAccount",
    "Transfer",
    "TransferEnded",
    "TransferState",
    "TransferUnknown",
    "TrialBalance",
    "account_id",
    "find_account",
    "find_transfers",
    "hold",
    "open_account",
    "post",
    "trial_balance",
    "verify",
    "void",
]
