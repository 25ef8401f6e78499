"""Money: whole minor units of one currency, never a float."""

import re
from dataclasses import dataclass
from typing import Self

from shimin.kit.refusal import InvalidMoney

MINOR_DIGITS = {"CNY": 2, "HKD": 2, "MOP": 2, "EUR": 2, "USD": 2, "JPY": 0}
"""Digits after the point (ISO 4217)."""
AMOUNT_MINOR_MAX = 10**15
"""Largest amount taken: fits a signed 64-bit column with room for sums."""

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (分 for CNY) with its ISO 4217 currency; it may be negative in a ledger."""

    amount_minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        """Refuse unknown currencies, non-integers and amounts beyond the limit."""
        if self.currency not in MINOR_DIGITS:
            raise InvalidMoney(reason="currency")
        if type(self.amount_minor) is not int:
            raise InvalidMoney(reason="integer")
        if abs(self.amount_minor) > AMOUNT_MINOR_MAX:
            raise InvalidMoney(reason="range")

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency."""
        if self.currency != other.currency:
            raise InvalidMoney(reason="currencies differ")
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        """Return the opposite amount."""
        return Money(-self.amount_minor, self.currency)

    def decimal(self) -> str:
        """Write the amount as a decimal, such as ``1234.50``; no grouping, always all minor digits."""
        digits = MINOR_DIGITS[self.currency]
        sign = "-" if self.amount_minor < 0 else ""
        whole, part = divmod(abs(self.amount_minor), 10**digits)
        return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"

    @classmethod
    def parse(cls, text: str, currency: str = "CNY") -> Self:
        """Read ``1234.5`` exactly; never rounds.

        Raises:
            InvalidMoney: another shape, more digits than the currency has, or an unknown currency.
        """
        if currency not in MINOR_DIGITS:
            raise InvalidMoney(reason="currency")
        found = _DECIMAL.fullmatch(text)
        digits = MINOR_DIGITS[currency]
        if not found or len(found[2] or "") > digits:
            raise InvalidMoney(reason="decimal")
        return cls(int(found[1]) * 10**digits + int((found[2] or "").ljust(digits, "0") or 0), currency)
