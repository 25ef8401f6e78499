"""What may be read of consent: each citizen their own decisions."""

from shimin.consent.model import Grant, GrantState
from shimin.db import Column, Lapsed, OwnRows, Row, View
from shimin.kit.ids import CitizenId

GRANTS = View(
    name="grant",
    table="consent_grant",
    columns={
        "id": Column("id", "id", "personal"),
        "app_id": Column("app_id", "id", "personal"),
        "citizen_id": Column("citizen_id", "id", "personal"),
        "release_id": Column("release_id", "id", "personal"),
        "document_id": Column("document_id", "id", "personal"),
        "document_name": Column("document_name", "text", "personal"),
        "revision": Column("revision", "integer", "personal"),
        "scopes": Column("scopes", "document", "personal"),
        "purpose": Column("purpose", "document", "personal"),
        "retention": Column("retention", "text", "personal"),
        "terms": Column("terms", "id", "personal"),
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
STATE = Lapsed("state", GrantState.GRANTED.value, "expires_at", GrantState.EXPIRED.value)
"""What has become of a decision by now."""


def grant_of(row: Row) -> Grant:
    """Return the decision that a row of the view is."""
    return Grant(
        id=row["id"],
        citizen_id=CitizenId(row["citizen_id"]),
        app_id=row["app_id"],
        release_id=row["release_id"],
        document_id=row["document_id"],
        document_name=row["document_name"],
        revision=row["revision"],
        scopes=tuple(row["scopes"]),
        purpose=row["purpose"],
        retention=row["retention"],
        terms=row["terms"],
        state=GrantState(row["state"]),
        receipt_number=row["receipt_number"],
        granted_at=row["granted_at"],
        expires_at=row["expires_at"],
        withdrawn_at=row["withdrawn_at"],
    )


def row_of(grant: Grant) -> Row:
    """Return the row of the view that a decision is."""
    return {
        "id": grant.id,
        "citizen_id": grant.citizen_id,
        "app_id": grant.app_id,
        "release_id": grant.release_id,
        "document_id": grant.document_id,
        "document_name": grant.document_name,
        "revision": grant.revision,
        "scopes": list(grant.scopes),
        "purpose": grant.purpose,
        "retention": grant.retention,
        "terms": grant.terms,
        "state": grant.state.value,
        "receipt_number": grant.receipt_number,
        "granted_at": grant.granted_at,
        "expires_at": grant.expires_at,
        "withdrawn_at": grant.withdrawn_at,
    }
