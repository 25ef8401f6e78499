"""What the core returns for ``operations/overview.graphql``, as types."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shimin_sdk import Money, Operation


@dataclass(frozen=True)
class Pension:
    """A pension account: its balance, the months paid so far, and when the department said so."""

    balance: Money
    months_paid: int
    as_of: datetime


@dataclass(frozen=True)
class Medical:
    """A medical insurance account."""

    balance: Money


@dataclass(frozen=True)
class Bill:
    """A bill of the department."""

    reference: str
    title: str
    amount: Money
    due_on: date
    state: Literal["DUE", "PAID", "VOID"]

    @property
    def is_due(self) -> bool:
        """Whether it still has to be paid."""
        return self.state == "DUE"


@dataclass(frozen=True)
class SocialInsurance:
    """Both accounts, where the citizen has them, and every bill."""

    pension: Pension | None
    medical: Medical | None
    bills: list[Bill]


@dataclass(frozen=True)
class OverviewData:
    """The document's data."""

    social_insurance: SocialInsurance


OVERVIEW = Operation("operations/overview.graphql", OverviewData)
