"""A citizen's social insurance: accounts and open bills."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.money import Money
from shimin.ports.source import Source
from shimin.vault.model import Account, InsuranceBill, SocialInsurance, SourceRead
from shimin.vault.read import read

SOURCE = "hrss"
FIELDS = {
    "pension.balance": "insurance.pension.balance",
    "pension.months_paid": "insurance.pension.months_paid",
    "medical.balance": "insurance.medical.balance",
    "bills.reference": "insurance.bill.title",
    "bills.title_zh_hans": "insurance.bill.title",
    "bills.title_en": "insurance.bill.title",
    "bills.amount": "insurance.bill.amount",
    "bills.due_on": "insurance.bill.due_on",
    "bills.state": "insurance.bill.state",
}


async def read_social_insurance(call: Call, *, db: Database, source: Source, clock: Clock) -> SocialInsurance:
    """Return the citizen's insurance accounts and bills; parts outside a mini-app's consent are None.

    Raises:
        Refusal: as ``read``.
    """
    ask = SourceRead(source=SOURCE, operation="social_insurance", fields=FIELDS)
    answer = await read(call, ask, db=db, source=source, clock=clock)
    return SocialInsurance(
        pension=_account(answer.data.get("pension")),
        medical=_account(answer.data.get("medical")),
        bills=tuple(_bill(bill, call.locale) for bill in answer.data.get("bills", ())),
        as_of=answer.as_of,
        cached=answer.cached,
    )


def money(data: Mapping[str, Any] | None) -> Money | None:
    """Return an amount as sources write it: ``{"amount_minor": 123, "currency": "CNY"}``."""
    return Money(data["amount_minor"], data["currency"]) if data else None


def title(data: Mapping[str, Any], locale: str) -> str | None:
    """Return the title in the caller's language."""
    return data.get("title_en" if locale == "en" else "title_zh_hans")


def _account(data: Mapping[str, Any] | None) -> Account | None:
    """Return an account; None where the department holds none."""
    return Account(balance=money(data.get("balance")), months_paid=data.get("months_paid")) if data else None


def _bill(data: Mapping[str, Any], locale: str) -> InsuranceBill:
    """Return a bill of the overview."""
    return InsuranceBill(
        reference=data.get("reference"),
        title=title(data, locale),
        amount=money(data.get("amount")),
        due_on=date.fromisoformat(data["due_on"]) if "due_on" in data else None,
        state=data.get("state"),
    )
