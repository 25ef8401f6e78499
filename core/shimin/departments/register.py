"""Making a department known, or changing what it is called."""

from shimin.db import Unit
from shimin.departments import rows
from shimin.departments.facts import DepartmentRegistered
from shimin.departments.model import Department
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed


async def register(call: Call, department: Department, *, unit: Unit, clock: Clock) -> bool:
    """Keep the department as it is stated now; True where that changed something, False for a repeat.

    Raises:
        NotAllowed: only the platform itself registers departments so far.
        InvalidDepartment: its id or name cannot be taken.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    department.check()
    changed = await rows.upsert(unit, department, clock.now())
    if changed:
        await unit.emit(DepartmentRegistered(department_id=department.id))
    return changed
