"""The refusals of the audit log."""

from shimin.kit.refusal import Refusal


class AccessNotLogged(Refusal):
    """The access could not be written to the log and therefore did not happen."""

    code = "ACCESS_NOT_LOGGED"
    http_status = 503
    retryable = True
