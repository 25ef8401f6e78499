"""What people refuse."""

from shimin.kit.refusal import Refusal


class DepartmentUnknown(Refusal):
    """No department of that id has been registered."""

    code = "DEPARTMENT_UNKNOWN"
    http_status = 404
    department_id: str
