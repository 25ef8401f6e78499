"""Whether a department is known."""

from shimin.db import Reader
from shimin.departments import rows
from shimin.kit.ids import DepartmentId


async def is_registered(reader: Reader, department_id: DepartmentId) -> bool:
    """Tell whether a department has been registered."""
    return await rows.exists(reader, department_id)
