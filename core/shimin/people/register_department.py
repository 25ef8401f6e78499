"""Making a department known, with its line in the log."""

from shimin import audit, departments
from shimin.db import Unit
from shimin.departments import Department
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.people.model import department_registered


async def register_department(call: Call, department: Department, *, unit: Unit, clock: Clock) -> bool:
    """Keep the department as it is stated now; True where that changed something, False for a repeat.

    Raises:
        Refusal: what ``departments.register`` refuses.
    """
    changed = await departments.register(call, department, unit=unit, clock=clock)
    if changed:
        await audit.record(call, department_registered(department.id), unit=unit, clock=clock)
    return changed
