"""What may be read of consent: each citizen their own decisions."""

from shimin.db import Column, OwnRows, View

GRANTS = View(
    name="grant",
    table="consent_grant",
    columns={
        "id": Column("id", "id", "personal"),
        "app_id": Column("app_id", "id", "personal"),
        "document_id": Column("document_id", "id", "personal"),
        "document_name": Column("document_name", "text", "personal"),
        "revision": Column("revision", "integer", "personal"),
        "scopes": Column("scopes", "document", "personal"),
        "purpose": Column("purpose", "document", "personal"),
        "retention": Column("retention", "text", "personal"),
        "state": Column("state", "text", "personal"),
        "receipt_number": Column("receipt_number", "id", "personal"),
        "granted_at": Column("granted_at", "instant", "personal"),
        "expires_at": Column("expires_at", "instant", "personal"),
        "withdrawn_at": Column("withdrawn_at", "instant", "personal", nullable=True),
    },
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
    sort={"newest": (("granted_at", "desc"),)},
)
"""A citizen's decisions, the latest first; an expired grant is still ``GRANTED`` here, its time tells."""
