"""Every account and what all of them come to."""

from collections.abc import Mapping
from dataclasses import dataclass

from shimin.db import Reader
from shimin.ledger import rows
from shimin.ledger.model import Account


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """What a currency's balances and its entries come to; 0 and 0 when every unit is accounted for."""

    currency: str
    balances_minor: int
    entries_minor: int

    @property
    def is_balanced(self) -> bool:
        """Whether nothing appeared or vanished."""
        return self.balances_minor == 0 and self.entries_minor == 0


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The whole ledger at a moment."""

    accounts: tuple[Account, ...]
    sums: tuple[CurrencySums, ...]
    transfers: Mapping[str, int]


async def trial_balance(reader: Reader) -> TrialBalance:
    """Return every account, the sums per currency and how many transfers are in which state.

    Args:
        reader: a snapshot or a unit, so that all figures are of one moment.
    """
    sums = [
        CurrencySums(row["currency"], row["balances_minor"], row["entries_minor"])
        for row in await rows.sums_by_currency(reader)
    ]
    return TrialBalance(
        accounts=tuple(await rows.all_accounts(reader)),
        sums=tuple(sums),
        transfers=await rows.transfers_by_state(reader),
    )
