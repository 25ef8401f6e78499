"""What is asked of a source, what is let through, and what it becomes: pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from shimin.kit.ids import DepartmentId
from shimin.kit.money import Money
from shimin.kit.text import LOCALES, say

ASSURANCE_NEEDED = 2
"""Records are kept under a real name; level 2 proves it."""
REFERENCE_CHARS_MAX = 64


def words(code: str) -> dict[str, str]:
    """Return a text in every locale, for a log that stays readable whatever the texts say later."""
    return {locale: say(code, locale) for locale in LOCALES}


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A law that allows a read without consent, for one named purpose."""

    article: str
    """Such as ``PIPL-13.1.3``."""
    purpose_code: str
    """Text code of what it is read for."""


PAYMENT_AT_REQUEST = LegalBasis(article="PIPL-13.1.2", purpose_code="purpose.pay_bill")
"""Reading a bill because its owner asked to pay it (Personal Information Protection Law, article 13(1)(2): necessary
to perform what the individual is a party to). The bill goes to the payment, never to the mini-app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """One read of one person's record; whose record it is comes from the call, never from the caller."""

    source: str
    operation: str
    fields: Mapping[str, str]
    """What may pass, as ``path -> scope`` (``pension.balance -> insurance.pension.balance``; lists are transparent)."""
    always: Collection[str] = ()
    """Paths that pass beside them because they say nothing of the person (``department_id``)."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Inputs beside the person's id number."""
    basis: LegalBasis | None = None
    """A law; without one, own data in person or the citizen's consent."""
    department_id: DepartmentId | None = None
    """Whose source it is: a law serves a mini-app in its own department's sources only, elsewhere it needs consent."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The distinct scopes this read is about, sorted."""
        return tuple(sorted(set(self.fields.values())))


def let_through(data: Any, ask: SourceRead, scopes: Collection[str]) -> Any:
    """Return only what the read declares and the scopes cover; everything else is left behind, unseen."""
    allowed = {path for path, scope in ask.fields.items() if scope in scopes} | set(ask.always)
    return _pick(data, allowed, "")


def _pick(value: Any, allowed: Collection[str], path: str) -> Any:
    """Copy the parts of a JSON value whose path, or a path above or below it, is allowed."""
    if path in allowed:
        return value
    if isinstance(value, dict):
        below = {name: f"{path}.{name}" if path else name for name in value}
        return {
            name: _pick(value[name], allowed, here)
            for name, here in below.items()
            if here in allowed or any(other.startswith(f"{here}.") for other in allowed)
        }
    if isinstance(value, list):
        return [_pick(member, allowed, path) for member in value]
    return None


@dataclass(frozen=True, slots=True)
class Account:
    """An insurance account; a part whose scope was not covered is None."""

    balance: Money | None
    months_paid: int | None = None


BillState = Literal["DUE", "PAID", "VOID"]


@dataclass(frozen=True, slots=True)
class InsuranceBill:
    """A bill in the overview; a part whose scope was not covered is None."""

    reference: str | None
    title: str | None
    amount: Money | None
    due_on: date | None
    state: BillState | None


@dataclass(frozen=True, slots=True)
class SocialInsurance:
    """A citizen's social insurance as the department holds it at ``as_of``."""

    pension: Account | None
    medical: Account | None
    bills: tuple[InsuranceBill, ...]
    as_of: datetime
    cached: bool


@dataclass(frozen=True, slots=True)
class BillDetails:
    """A bill as a payment needs it: who asks for how much, for what, until when."""

    department_id: DepartmentId
    reference: str
    title: str
    amount: Money
    due_on: date
    payee: str
    state: BillState
