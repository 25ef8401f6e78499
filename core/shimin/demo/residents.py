"""The invented people of the demonstration city, for its department's records and for seeding accounts."""

import re
import tomllib
from calendar import month_name
from dataclasses import dataclass, replace
from importlib import resources
from typing import Self

DECEMBER = 12
_MONTHLY = re.compile(r"(?P<stem>.+)-(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class ResidentBill:
    """A bill of the department for one resident; due so many days after the department first started."""

    reference: str
    title_zh_hans: str
    title_en: str
    amount_minor: int
    due_in_days: int

    def following(self) -> Self | None:
        """Return the next month's bill of a monthly contribution (``…-2026-10``), None of a bill that comes once."""
        found = _MONTHLY.fullmatch(self.reference)
        if found is None:
            return None
        year, month = int(found["year"]), int(found["month"])
        following_year, following_month = (year + 1, 1) if month == DECEMBER else (year, month + 1)
        return replace(
            self,
            reference=f"{found['stem']}-{following_year}-{following_month:02}",
            title_zh_hans=self.title_zh_hans.replace(f"{year}年{month}月", f"{following_year}年{following_month}月"),
            title_en=self.title_en.replace(
                f"{month_name[month]} {year}", f"{month_name[following_month]} {following_year}"
            ),
            due_in_days=self.due_in_days + 30,
        )


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
