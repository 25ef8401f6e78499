"""The refusals of payments."""

from shimin.kit.refusal import Refusal


class BillAlreadyPaid(Refusal):
    """The bill is paid; it is never paid twice."""

    code = "BILL_ALREADY_PAID"
    http_status = 409
    reference: str


class BillBeingPaid(Refusal):
    """Another confirmed payment for the bill is on its way; which of them pays is decided by it."""

    code = "BILL_BEING_PAID"
    http_status = 409
    retryable = True
    reference: str


class BillNotPayable(Refusal):
    """The department has withdrawn the bill."""

    code = "BILL_NOT_PAYABLE"
    http_status = 409
    reference: str


class BillChanged(Refusal):
    """The department has changed the amount since the payment was asked for; a new payment shows the new one."""

    code = "BILL_CHANGED"
    http_status = 409
    reference: str


class PaymentEnded(Refusal):
    """The payment has gone too far for this, or has ended."""

    code = "PAYMENT_ENDED"
    http_status = 409
    state: str


class PaymentsClosed(Refusal):
    """This installation has no payment network to collect with; nothing was confirmed."""

    code = "PAYMENTS_CLOSED"
    http_status = 503


class ChannelUnknown(Refusal):
    """There is no payment network of that name here."""

    code = "CHANNEL_UNKNOWN"
    http_status = 404


class PaymentUnknown(Refusal):
    """A network speaks of a payment that is not known here; it was written down and may be told again."""

    code = "PAYMENT_UNKNOWN"
    http_status = 404
    retryable = True


class AmountMismatch(Refusal):
    """A network reports another amount than was asked for; it was written down and nothing was changed."""

    code = "AMOUNT_MISMATCH"
    http_status = 409
