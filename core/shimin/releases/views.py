"""What may be read of releases: a department's people their own, the platform's staff all of them."""

from shimin.db import AnyOf, Column, DepartmentRows, Everyone, Join, Staff, View

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

MINI_APPS = View(
    name="mini_app",
    table="live_release",
    columns={
        "app_id": Column("app_id", "id", "public"),
        "release_id": Column("release_id", "id", "public"),
        "department_id": Column("department_id", "id", "public", of="release"),
        "name": Column("name", "document", "public", of="release"),
        "version_name": Column("version_name", "text", "public", of="release"),
    },
    key=("app_id",),
    visible=Everyone(),
    sort={"app": (("app_id", "asc"),)},
    joins={"release": Join("release", own="release_id", key="id")},
    changed_by=("release.moved",),
)
"""What citizens can open now: the live release of each app."""
