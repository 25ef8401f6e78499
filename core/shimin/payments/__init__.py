"""Payments: a bill is paid once, a citizen alone says yes, and every outcome is found out."""

from shimin.payments.cancel import cancel
from shimin.payments.charge import charge
from shimin.payments.chase import chase
from shimin.payments.confirm import ConfirmPayment, confirm
from shimin.payments.errors import (
    AmountMismatch,
    BillAlreadyPaid,
    BillBeingPaid,
    BillChanged,
    BillNotPayable,
    ChannelUnknown,
    PaymentEnded,
    PaymentsClosed,
    PaymentUnknown,
)
from shimin.payments.facts import PaymentConfirmed, PaymentFact, PaymentFailed, PaymentSettled, PaymentSurplus
from shimin.payments.model import BillDetails, EventOutcome, Payment, PaymentState
from shimin.payments.report import report
from shimin.payments.request import RequestPayment, request, requested_before
from shimin.payments.settle import Settlement, settle
from shimin.payments.verify import Mismatch, verify
from shimin.payments.views import BILLS, PAYMENTS, row_of

__all__ = [
    "BILLS",
    "PAYMENTS",
    "AmountMismatch",
    "BillAlreadyPaid",
    "BillBeingPaid",
    "BillChanged",
    "BillDetails",
    "BillNotPayable",
    "ChannelUnknown",
    "ConfirmPayment",
    "EventOutcome",
    "Mismatch",
    "Payment",
    "PaymentConfirmed",
    "PaymentEnded",
    "PaymentFact",
    "PaymentFailed",
    "PaymentSettled",
    "PaymentState",
    "PaymentSurplus",
    "PaymentUnknown",
    "PaymentsClosed",
    "RequestPayment",
    "Settlement",
    "cancel",
    "charge",
    "chase",
    "confirm",
    "report",
    "request",
    "requested_before",
    "row_of",
    "settle",
    "verify",
]
