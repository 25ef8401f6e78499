"""What may be read of connectors: a department's people their own, the platform's staff all; never a secret."""

from shimin.db import AnyOf, Column, DepartmentRows, Staff, View

_SEEN = AnyOf(DepartmentRows("department_id"), Staff("reviewer", "releaser", "auditor"))

CONNECTORS = View(
    name="connector",
    table="connector",
    columns={
        "id": Column("id", "id", "public"),
        "app_id": Column("app_id", "id", "public"),
        "department_id": Column("department_id", "id", "public"),
        "name": Column("name", "id", "public"),
        "origin": Column("origin", "text", "public"),
        "declared_at": Column("declared_at", "instant", "public"),
        "header": Column("header", "id", "public", nullable=True),
        "secret_version": Column("secret_version", "integer", "public"),
        "set_by": Column("set_by", "id", "public", nullable=True),
        "set_at": Column("set_at", "instant", "public", nullable=True),
    },
    key=("id",),
    visible=_SEEN,
    sort={"app": (("app_id", "asc"), ("name", "asc"), ("id", "asc"))},
)

CONNECTOR_CALLS = View(
    name="connector_call",
    table="connector_call",
    columns={
        "id": Column("id", "id", "public"),
        "at": Column("at", "instant", "public"),
        "app_id": Column("app_id", "id", "public"),
        "release_id": Column("release_id", "id", "public"),
        "department_id": Column("department_id", "id", "public"),
        "connector": Column("connector", "id", "public"),
        "method": Column("method", "text", "public"),
        "path_template": Column("path_template", "text", "public"),
        "outcome": Column("outcome", "id", "public"),
        "status": Column("status", "integer", "public", nullable=True),
        "request_bytes": Column("request_bytes", "integer", "public"),
        "answer_bytes": Column("answer_bytes", "integer", "public"),
        "duration_ms": Column("duration_ms", "integer", "public"),
    },
    key=("id",),
    visible=_SEEN,
    sort={"newest": (("id", "desc"),)},
)
