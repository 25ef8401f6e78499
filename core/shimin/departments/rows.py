"""The table of departments and the one statement that writes it."""

from datetime import datetime

from tortoise.models import Model

from shimin.db import DocumentField, IdField, InstantField, Reader, Unit, dump_document
from shimin.departments.model import Department


class DepartmentRow(Model):
    """One department; small data that every node may keep."""

    id = IdField(primary_key=True)
    name = DocumentField()
    registered_at = InstantField()

    class Meta:
        """Names the table."""

        table = "department"
        app = "shimin"


async def upsert(unit: Unit, department: Department, at: datetime) -> bool:
    """Write a department or its new name; False when it was there just so."""
    return bool(
        await unit.execute(
            "INSERT INTO department (id, name, registered_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE department.name <> excluded.name",
            *(department.id, dump_document(dict(department.name)), at),
        )
    )


async def exists(reader: Reader, department_id: str) -> bool:
    """Tell whether there is a department of that id."""
    return await reader.fetch_one("SELECT id FROM department WHERE id = $1", department_id) is not None
