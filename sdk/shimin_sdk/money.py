"""Money: whole minor units of one currency, never a float."""

import re
from dataclasses import dataclass

MINOR_DIGITS = {"CNY": 2, "HKD": 2, "MOP": 2, "EUR": 2, "USD": 2, "JPY": 0}
"""Digits after the point (ISO 4217)."""
AMOUNT_MINOR_MAX = 10**15
"""Largest amount the core takes."""

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,3}))?")


@dataclass(frozen=True)
class Money:
    """An amount in minor units (分 for CNY) with its ISO 4217 currency.

    On the wire: ``{"amountMinor": "12050", "currency": "CNY"}`` (a string, because GraphQL integers have 32 bits).
    """

    amount_minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        """Refuse unknown currencies, anything but a whole number, and amounts beyond the limit."""
        if self.currency not in MINOR_DIGITS:
            msg = f"currency is one of {', '.join(MINOR_DIGITS)}"
            raise ValueError(msg)
        if type(self.amount_minor) is not int:
            msg = "amount_minor is a whole number of minor units; read a decimal text with Money.parse"
            raise TypeError(msg)
        if abs(self.amount_minor) > AMOUNT_MINOR_MAX:
            msg = f"amount_minor is at most {AMOUNT_MINOR_MAX}"
            raise ValueError(msg)

    @classmethod
    def parse(cls, text: str, currency: str = "CNY") -> "Money":
        """Read ``1234.5`` exactly; never rounds.

        Raises:
            ValueError: another shape, more digits than the currency has, or an unknown currency.
        """
        found = _DECIMAL.fullmatch(text)
        digits = MINOR_DIGITS.get(currency, -1)
        if not found or digits < 0 or len(found[3] or "") > digits:
            msg = f"an amount such as 1234.50 with at most {max(digits, 0)} digits after the point"
            raise ValueError(msg)
        minor = int(found[2]) * 10**digits + int((found[3] or "").ljust(digits, "0") or 0)
        return cls(-minor if found[1] else minor, currency)

    def decimal(self) -> str:
        """Write the amount as ``1234.50``: no grouping, always all minor digits."""
        digits = MINOR_DIGITS[self.currency]
        sign = "-" if self.amount_minor < 0 else ""
        whole, part = divmod(abs(self.amount_minor), 10**digits)
        return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"

    def __str__(self) -> str:
        """Return ``1234.50 CNY``."""
        return f"{self.decimal()} {self.currency}"

    def _other(self, other: "Money") -> int:
        if self.currency != other.currency:
            msg = f"amounts of two currencies: {self.currency} and {other.currency}"
            raise ValueError(msg)
        return other.amount_minor

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency."""
        return Money(self.amount_minor + self._other(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Take away an amount of the same currency."""
        return Money(self.amount_minor - self._other(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        """Return a whole multiple."""
        return Money(self.amount_minor * times, self.currency)

    def __neg__(self) -> "Money":
        """Return the opposite amount."""
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        """Compare amounts of the same currency."""
        return self.amount_minor < self._other(other)

    def __le__(self, other: "Money") -> bool:
        """Compare amounts of the same currency."""
        return self.amount_minor <= self._other(other)

    def __gt__(self, other: "Money") -> bool:
        """Compare amounts of the same currency."""
        return self.amount_minor > self._other(other)

    def __ge__(self, other: "Money") -> bool:
        """Compare amounts of the same currency."""
        return self.amount_minor >= self._other(other)

    def __bool__(self) -> bool:
        """Return whether the amount is not zero."""
        return self.amount_minor != 0
