"""What may be read of the log: citizens their own accesses, auditors the platform's deeds."""

from shimin.db import Column, OwnRows, Staff, View

_COLUMNS = {
    "id": Column("id", "id", "personal"),
    "seq": Column("seq", "integer", "personal"),
    "at": Column("at", "instant", "personal"),
    "action": Column("action", "text", "personal"),
    "outcome": Column("outcome", "text", "personal"),
    "actor_kind": Column("actor_kind", "text", "personal"),
    "actor_id": Column("actor_id", "id", "personal"),
    "app_id": Column("app_id", "id", "personal", nullable=True),
    "department_id": Column("department_id", "id", "personal", nullable=True),
    "document_id": Column("document_id", "id", "personal", nullable=True),
    "subject": Column("subject", "id", "personal"),
    "scopes": Column("scopes", "document", "personal"),
    "purpose": Column("purpose", "document", "personal"),
    "basis": Column("basis", "text", "personal"),
    "source": Column("source", "text", "personal"),
    "freshness": Column("freshness", "text", "personal"),
    "details": Column("details", "document", "personal"),
}

ACCESS_LOG = View(
    name="access_log",
    table="audit_entry",
    columns=_COLUMNS,
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
    sort={"newest": (("seq", "desc"),)},
)
"""Every access to a citizen's data, for that citizen in person."""

PLATFORM_LOG = View(
    name="platform_log",
    table="audit_platform_entry",
    columns=_COLUMNS,
    key=("id",),
    visible=Staff("auditor"),
    sort={"newest": (("seq", "desc"),)},
)
"""The platform's own deeds, for auditors; no citizen's entry is in this table."""
