"""What may be read of releases: a department's people their own, the platform's staff all of them."""

from shimin.db import AnyOf, Column, DepartmentRows, Staff, View

RELEASES = View(
    name="release",
    table="release",
    columns={
        "id": Column("id", "id", "public"),
        "app_id": Column("app_id", "id", "public"),
        "department_id": Column("department_id", "id", "public"),
        "version_code": Column("version_code", "integer", "public"),
        "version_name": Column("version_name", "text", "public"),
        "state": Column("state", "text", "public"),
        "digest": Column("digest", "id", "public"),
        "uploaded_by": Column("uploaded_by", "id", "public"),
        "uploaded_at": Column("uploaded_at", "instant", "public"),
        "approved_by": Column("approved_by", "id", "public", nullable=True),
        "findings": Column("findings", "document", "public"),
    },
    key=("id",),
    visible=AnyOf(DepartmentRows("department_id"), Staff("reviewer", "releaser", "auditor")),
    sort={"newest": (("id", "desc"),)},
)
