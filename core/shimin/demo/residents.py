"""The invented people of the demonstration city, for its department's records and for seeding accounts."""

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class ResidentBill:
    """A bill of the department for one resident; due so many days after the department first started."""

    reference: str
    title_zh_hans: str
    title_en: str
    amount_minor: int
    due_in_days: int


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented person; who has no insurance has no balances."""

    key: str
    name_zh_hans: str
    name_en: str
    phone: str
    id_number: str
    pension_balance_minor: int | None
    pension_months_paid: int | None
    medical_balance_minor: int | None
    bills: tuple[ResidentBill, ...]


def load_residents() -> tuple[Resident, ...]:
    """Return everybody in ``citizens.toml``; the first is 林小满, who tells the story of ``shimin demo``."""
    text = (resources.files("shimin.demo") / "citizens.toml").read_text("utf-8")
    return tuple(
        Resident(
            key=item["key"],
            name_zh_hans=item["name_zh_hans"],
            name_en=item["name_en"],
            phone=item["phone"],
            id_number=item["id_number"],
            pension_balance_minor=item.get("pension_balance_minor"),
            pension_months_paid=item.get("pension_months_paid"),
            medical_balance_minor=item.get("medical_balance_minor"),
            bills=tuple(ResidentBill(**bill) for bill in item.get("bill", ())),
        )
        for item in tomllib.loads(text)["citizen"]
    )
