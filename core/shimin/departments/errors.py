"""What departments refuse."""

from shimin.kit.refusal import Refusal


class InvalidDepartment(Refusal):
    """The department's id or name cannot be taken."""

    code = "INVALID_DEPARTMENT"
    reason: str
