"""What may be read of trusted documents: the platform's reviewers, releasers and auditors see all of them."""

from shimin.db import Column, Staff, View

TRUSTED_DOCUMENTS = View(
    name="trusted_document",
    table="trusted_document",
    columns={
        "id": Column("id", "id", "public"),
        "name": Column("name", "text", "public"),
        "kind": Column("kind", "text", "public"),
        "client": Column("client", "id", "public"),
        "text": Column("text", "text", "public"),
        "registered_at": Column("registered_at", "instant", "public"),
        "registered_by": Column("registered_by", "id", "public"),
        "retired_at": Column("retired_at", "instant", "public", nullable=True),
        "retired_by": Column("retired_by", "id", "public", nullable=True),
    },
    key=("id",),
    visible=Staff("reviewer", "releaser", "auditor"),
    sort={"client": (("client", "asc"), ("name", "asc"), ("id", "asc"))},
)
