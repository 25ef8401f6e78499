"""Giving an office, with its line in the log."""

from shimin import audit, departments, identity
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.people.errors import DepartmentUnknown
from shimin.people.model import appointed


async def appoint(call: Call, office: identity.Appointment, *, unit: Unit, clock: Clock) -> str:
    """Make the holder of a number a member of a department or an operator; return their staff id.

    Raises:
        DepartmentUnknown: a member of a department that is not registered.
        Refusal: what ``identity.appoint`` refuses.
    """
    department_id = office.department_id
    if department_id and not await departments.is_registered(unit, department_id):
        raise DepartmentUnknown(department_id=department_id[:100])
    staff_id = await identity.appoint(call, office, unit=unit, clock=clock)
    await audit.record(call, appointed(staff_id, office), unit=unit, clock=clock)
    return staff_id
