"""Accounts and transfers: money moves between exactly two accounts of one currency, in two steps."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shimin.kit.money import AMOUNT_MINOR_MAX, Money
from shimin.kit.refusal import InvalidInput, InvalidMoney

OwnerKind = Literal["channel", "department", "platform"]
AccountKind = Literal["clearing", "payee", "suspense"]
"""``clearing``: the world outside as a payment network shows it, so it runs negative. ``payee``: what a department
is owed. ``suspense``: money that arrived and has no place yet."""

KEY_CHARS_MAX = 200


class TransferState(StrEnum):
    """Where a transfer stands; it leaves PENDING once and for all."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True)
class Account:
    """One account in one currency.

    ``posted`` is the sum of its entries; ``held`` is what pending transfers will take from it.
    """

    id: str
    owner_kind: OwnerKind
    owner_id: str
    kind: AccountKind
    currency: str
    may_go_negative: bool
    posted: Money
    held: Money
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """An amount on its way from one account to another."""

    id: str
    idempotency_key: str
    from_account: str
    to_account: str
    amount: Money
    purpose: str
    state: TransferState
    held_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account to open; its id follows from its content (``account_id``)."""

    owner_kind: OwnerKind
    owner_id: str
    kind: AccountKind
    currency: str = "CNY"

    @property
    def id(self) -> str:
        """The account's id."""
        return account_id(self.owner_kind, self.owner_id, self.kind, self.currency)

    @property
    def may_go_negative(self) -> bool:
        """Only the world outside may: what it gives us is what it lacks."""
        return self.kind == "clearing"


@dataclass(frozen=True, slots=True)
class HoldTransfer:
    """A transfer to begin; ``id`` and ``idempotency_key`` are made by the caller and name it for ever."""

    id: str
    idempotency_key: str
    from_account: str
    to_account: str
    amount: Money
    purpose: str

    def check(self) -> None:
        """Go on only if this can be a transfer at all.

        Raises:
            InvalidMoney: the amount is not positive.
            InvalidInput: both accounts are one, or a text is empty or too long.
        """
        if not 0 < self.amount.amount_minor <= AMOUNT_MINOR_MAX:
            raise InvalidMoney(reason="not positive")
        if self.from_account == self.to_account:
            raise InvalidInput(field="to_account", reason="the same account")
        for field in ("id", "idempotency_key", "purpose"):
            if not 0 < len(getattr(self, field)) <= KEY_CHARS_MAX:
                raise InvalidInput(field=field, reason=f"1 to {KEY_CHARS_MAX} characters")

    def is_content_of(self, transfer: Transfer) -> bool:
        """Whether the transfer was made from exactly this."""
        return all(
            getattr(self, name) == getattr(transfer, name)
            for name in ("id", "idempotency_key", "from_account", "to_account", "amount", "purpose")
        )


def account_id(owner_kind: OwnerKind, owner_id: str, kind: AccountKind, currency: str = "CNY") -> str:
    """Name an account after what it is: ``department:hrss.linhai:payee:CNY``."""
    return f"{owner_kind}:{owner_id}:{kind}:{currency}"
