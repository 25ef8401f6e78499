"""What may be read of departments: everything, by everybody."""

from shimin.db import Column, Everyone, View

DEPARTMENTS = View(
    name="department",
    table="department",
    columns={
        "id": Column("id", "id", "public"),
        "name": Column("name", "document", "public"),
    },
    key=("id",),
    visible=Everyone(),
    sort={"id": (("id", "asc"),)},
    changed_by=("department.registered",),
)
"""``name`` holds the words of each locale."""
