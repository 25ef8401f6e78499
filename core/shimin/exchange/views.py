"""What may be read of services: a department's people their own declarations, the platform's staff all."""

from shimin.db import AnyOf, Column, DepartmentRows, Staff, View

_SEEN = AnyOf(DepartmentRows("department_id"), Staff("reviewer", "releaser", "auditor"))

SERVICE_IMPORTS = View(
    name="service_import",
    table="service_import",
    columns={
        "id": Column("id", "id", "public"),
        "release_id": Column("release_id", "id", "public"),
        "app_id": Column("app_id", "id", "public"),
        "department_id": Column("department_id", "id", "public"),
        "service_app_id": Column("service_app_id", "id", "public"),
        "service_operation": Column("service_operation", "id", "public"),
    },
    key=("id",),
    visible=_SEEN,
    sort={"app": (("app_id", "asc"), ("id", "asc"))},
)
