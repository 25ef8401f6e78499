"""What may be read of identity: the caller's own profile, masked, and their own sessions; never to mini-apps."""

from shimin.db import CallerRows, Column, OwnRows, View

PROFILE = View(
    name="profile",
    table="identity_citizen",
    columns={
        "id": Column("citizen_id", "id", "personal"),
        "name": Column("name_masked", "text", "personal", nullable=True),
        "phone": Column("phone_masked", "text", "personal"),
        "assurance": Column("assurance", "integer", "personal"),
        "registered_at": Column("registered_at", "instant", "personal"),
    },
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
)

OFFICE = View(
    name="office",
    table="identity_staff",
    columns={
        "id": Column("id", "id", "public"),
        "name": Column("name", "text", "public"),
        "phone": Column("phone_masked", "text", "personal"),
        "kind": Column("kind", "text", "public"),
        "department_id": Column("department_id", "id", "public", nullable=True),
        "roles": Column("roles", "document", "public"),
    },
    key=("id",),
    visible=CallerRows("id"),
)

SESSION = View(
    name="session",
    table="identity_session",
    columns={
        "id": Column("id", "id", "personal"),
        "device_name": Column("device_name", "text", "personal"),
        "opened_at": Column("opened_at", "instant", "personal"),
        "last_used_at": Column("last_used_at", "instant", "personal"),
        "expires_at": Column("expires_at", "instant", "personal"),
        "revoked_at": Column("revoked_at", "instant", "personal", nullable=True),
    },
    key=("id",),
    visible=CallerRows("subject_id"),
    sort={"newest": (("opened_at", "desc"),)},
)
