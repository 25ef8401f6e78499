"""What the log says of departments and offices: ids and roles, never a number or a name."""

from shimin.audit import Entry
from shimin.identity import Appointment


def appointed(staff_id: str, office: Appointment) -> Entry:
    """Return the line of an office given."""
    roles = " ".join(sorted(office.roles))
    details = {"kind": office.kind, "roles": roles, "department_id": office.department_id or ""}
    return Entry(action="staff.appointed", subject=staff_id, details=details)


def dismissed(staff_id: str) -> Entry:
    """Return the line of an office ended."""
    return Entry(action="staff.dismissed", subject=staff_id)


def department_registered(department_id: str) -> Entry:
    """Return the line of a department that was registered or renamed."""
    return Entry(action="department.registered", subject=department_id)
