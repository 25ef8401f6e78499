"""Proving that payments, bills and the ledger say the same."""

from dataclasses import dataclass
from typing import Literal

from shimin import ledger
from shimin.db import Reader
from shimin.payments import rows
from shimin.payments.model import Payment, PaymentState

PAGE = 500
FINDINGS_MAX = 100

MismatchKind = Literal["payment_without_its_transfer", "bill_and_payment_differ"]
_EXPECTED = {
    PaymentState.CONFIRMED: ledger.TransferState.PENDING,
    PaymentState.SETTLED: ledger.TransferState.POSTED,
    PaymentState.FAILED: ledger.TransferState.VOIDED,
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One payment or bill that the ledger, or each other, contradicts."""

    kind: MismatchKind
    where: str


async def verify(reader: Reader) -> list[Mismatch]:
    """Compare every payment with its transfer and its bill; empty when all is well.

    Args:
        reader: a snapshot, so that a payment under way does not look like a fault.
    """
    found = [Mismatch("bill_and_payment_differ", row["place"]) for row in await rows.wrong_claims(reader, FINDINGS_MAX)]
    after = ""
    while len(found) < FINDINGS_MAX:
        page = await rows.payments_after(reader, after, PAGE)
        if not page:
            break
        after = page[-1].id
        ids = [payment.transfer_id for payment in page if payment.transfer_id]
        transfers = await ledger.find_transfers(reader, ids)
        found += [
            Mismatch("payment_without_its_transfer", payment.id)
            for payment in page
            if not _fits(payment, transfers.get(payment.transfer_id or ""))
        ]
    return found


def _fits(payment: Payment, transfer: ledger.Transfer | None) -> bool:
    """Tell whether the transfer is the one a payment in this state must have."""
    expected = _EXPECTED.get(payment.state)
    if expected is None:
        return payment.transfer_id is None
    return transfer is not None and transfer.state is expected and transfer.amount == payment.amount
