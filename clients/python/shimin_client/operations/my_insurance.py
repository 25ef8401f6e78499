"""The query ``MyInsurance``.

Written by `make clients` from the operation and the schema: change it there.
"""

from datetime import date

from pydantic import AwareDatetime

from shimin_client.model import MinorUnits, Model
from shimin_client.operation import Operation


class Money(Model):
    """An amount of money in whole minor units with its ISO 4217 currency."""

    amount_minor: MinorUnits
    currency: str


class PensionAccount(Model):
    """A pension insurance account."""

    balance: Money | None
    months_paid: int | None
    as_of: AwareDatetime
    """When the department said so."""


class MedicalAccount(Model):
    """A medical insurance account."""

    balance: Money | None


class InsuranceBill(Model):
    """A bill of the social insurance office."""

    reference: str | None
    title: str | None
    amount: Money | None
    due_on: date | None
    state: str | None
    """DUE, PAID or VOID."""


class SocialInsurance(Model):
    """A citizen's social insurance, as the department holds it."""

    is_cached: bool
    """The department gave no answer; this is its last one, see asOf."""
    pension: PensionAccount | None
    medical: MedicalAccount | None
    bills: list[InsuranceBill]


class Data(Model):
    """What ``MyInsurance`` answers."""

    social_insurance: SocialInsurance
    """Accounts and bills of the citizen, straight from the department; a mini-app needs their consent."""


class Variables(Model):
    """What ``MyInsurance`` takes."""

    # it takes none


OPERATION = Operation(
    name="MyInsurance",
    kind="query",
    document_id="sha256:b20252fd5c6fc85eee08b28e142427565032a8a17a61b85e1f35d3ba2ab021cb",
    variables=Variables,
    data=Data,
)
