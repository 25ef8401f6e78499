"""The refusals of the ledger."""

from shimin.kit.refusal import Refusal


class AccountUnknown(Refusal):
    """There is no such account."""

    code = "ACCOUNT_UNKNOWN"
    http_status = 404
    account_id: str


class CurrencyMismatch(Refusal):
    """The amount is not in the currency of both accounts."""

    code = "CURRENCY_MISMATCH"
    currency: str


class InsufficientFunds(Refusal):
    """What the account has, less what is held already, does not cover the amount."""

    code = "INSUFFICIENT_FUNDS"
    http_status = 409
    account_id: str


class TransferUnknown(Refusal):
    """There is no such transfer."""

    code = "TRANSFER_UNKNOWN"
    http_status = 404
    transfer_id: str


class TransferEnded(Refusal):
    """The transfer has already ended the other way; posted is final and corrected by a new transfer."""

    code = "TRANSFER_ENDED"
    http_status = 409
    transfer_id: str
    state: str
