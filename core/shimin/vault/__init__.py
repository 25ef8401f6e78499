"""Personal data, read from departments' systems of record: for a reason, cut to that reason, never unlogged."""

from shimin.vault.errors import BillNotFound, SourceRegistrationInvalid
from shimin.vault.model import (
    PAYMENT_AT_REQUEST,
    Account,
    BillDetails,
    InsuranceBill,
    LegalBasis,
    SocialInsurance,
    SourceRead,
)
from shimin.vault.read import read
from shimin.vault.read_bill import read_bill
from shimin.vault.read_social_insurance import read_social_insurance
from shimin.vault.registration import read_registrations

__all__ = [
    "PAYMENT_AT_REQUEST",
    "Account",
    "BillDetails",
    "BillNotFound",
    "InsuranceBill",
    "LegalBasis",
    "SocialInsurance",
    "SourceRead",
    "SourceRegistrationInvalid",
    "read",
    "read_bill",
    "read_registrations",
    "read_social_insurance",
]
