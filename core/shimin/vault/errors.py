"""The refusals of the vault."""

from shimin.kit.refusal import Refusal


class SourceRegistrationInvalid(Refusal):
    """A source's registration cannot be used; ``where`` is the path inside the file."""

    code = "SOURCE_REGISTRATION_INVALID"
    where: str
    problem: str


class BillNotFound(Refusal):
    """The department has no bill of that reference for this person (also said of another person's bill)."""

    code = "BILL_NOT_FOUND"
    http_status = 404
    reference: str
