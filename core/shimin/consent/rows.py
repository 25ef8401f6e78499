"""Tables of consent and all statements that write them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model

from shimin.consent.model import DocumentTerms, Grant, GrantState
from shimin.db import DocumentField, IdField, InstantField, Reader, Unit
from shimin.kit.ids import CitizenId, new_id

DECISIONS_READ_MAX = 50


class ConsentDocument(Model):
    """The terms of one document of one release."""

    id = IdField(primary_key=True)
    app_id = IdField()
    release_id = IdField()
    document_id = IdField()
    name = IdField()
    scopes = DocumentField()
    purpose = DocumentField()
    retention = fields.CharField(max_length=32)
    terms = IdField()
    registered_at = InstantField()

    class Meta:
        """Found by release when read, by app when granted."""

        app = "shimin"
        table = "consent_document"
        unique_together = (("release_id", "document_id"),)
        indexes = (("app_id", "document_id"),)


class ConsentGrant(Model):
    """One decision of one citizen."""

    id = IdField(primary_key=True)
    citizen_id = IdField()
    app_id = IdField()
    document_name = IdField()
    revision = fields.IntField()
    release_id = IdField()
    document_id = IdField()
    scopes = DocumentField()
    purpose = DocumentField()
    retention = fields.CharField(max_length=32)
    terms = IdField()
    state = fields.CharField(max_length=16)
    receipt_number = IdField()
    granted_at = InstantField()
    expires_at = InstantField()
    withdrawn_at = InstantField(null=True)

    class Meta:
        """Distributed by citizen; revisions of a document are numbered without gaps."""

        app = "shimin"
        table = "consent_grant"
        unique_together = (("citizen_id", "app_id", "document_name", "revision"),)
        indexes = (("citizen_id", "granted_at"),)


def _terms(row: ConsentDocument) -> DocumentTerms:
    return DocumentTerms(
        document_id=row.document_id,
        name=row.name,
        scopes=tuple(row.scopes),
        purpose=row.purpose,
        retention=row.retention,
    )


def _grant(row: ConsentGrant) -> Grant:
    return Grant(
        id=row.id,
        citizen_id=CitizenId(row.citizen_id),
        app_id=row.app_id,
        release_id=row.release_id,
        document_id=row.document_id,
        document_name=row.document_name,
        revision=row.revision,
        scopes=tuple(row.scopes),
        purpose=row.purpose,
        retention=row.retention,
        terms=row.terms,
        state=GrantState(row.state),
        receipt_number=row.receipt_number,
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
    )


async def insert_document(unit: Unit, *, release_id: str, app_id: str, terms: DocumentTerms, now: datetime) -> None:
    """Write a document's terms."""
    await ConsentDocument.create(
        using_db=unit.orm,
        id=new_id("cdoc"),
        app_id=app_id,
        release_id=release_id,
        document_id=terms.document_id,
        name=terms.name,
        scopes=sorted(set(terms.scopes)),
        purpose=dict(terms.purpose),
        retention=terms.retention,
        terms=terms.digest,
        registered_at=now,
    )


async def release_documents(reader: Reader, release_id: str) -> list[DocumentTerms]:
    """Return everything a release registered."""
    found = await ConsentDocument.filter(release_id=release_id).order_by("name").using_db(reader.orm)
    return [_terms(row) for row in found]


async def find_terms(reader: Reader, *, release_id: str, document_id: str) -> DocumentTerms | None:
    """Return the terms under which a release runs a document."""
    row = await ConsentDocument.get_or_none(release_id=release_id, document_id=document_id, using_db=reader.orm)
    return _terms(row) if row else None


async def find_asked(
    reader: Reader, *, app_id: str, document_id: str, terms: str | None
) -> tuple[str, DocumentTerms] | None:
    """Return the release and the terms a citizen was asked for; the newest where they name no terms."""
    asked: dict[str, Any] = {"app_id": app_id, "document_id": document_id} | ({"terms": terms} if terms else {})
    row = await ConsentDocument.filter(**asked).order_by("-registered_at", "-id").using_db(reader.orm).first()
    return (row.release_id, _terms(row)) if row else None


async def decisions(reader: Reader, citizen_id: CitizenId, *, app_id: str, document_name: str) -> list[Grant]:
    """Return the citizen's standing decisions on a document, the latest first."""
    found = (
        await ConsentGrant.filter(
            citizen_id=citizen_id,
            app_id=app_id,
            document_name=document_name,
            state__in=[GrantState.GRANTED.value, GrantState.REFUSED.value],
        )
        .order_by("-revision")
        .limit(DECISIONS_READ_MAX)
        .using_db(reader.orm)
    )
    return [_grant(row) for row in found]


async def find_grant(reader: Reader, citizen_id: CitizenId, grant_id: str) -> Grant | None:
    """Return a decision of this citizen."""
    row = await ConsentGrant.get_or_none(id=grant_id, citizen_id=citizen_id, using_db=reader.orm)
    return _grant(row) if row else None


async def next_revision(reader: Reader, citizen_id: CitizenId, *, app_id: str, document_name: str) -> int:
    """Return the number the citizen's next decision on this document gets, unless another one is faster."""
    highest = await reader.fetch_value(
        "SELECT max(revision) FROM consent_grant WHERE citizen_id = $1 AND app_id = $2 AND document_name = $3",
        *(citizen_id, app_id, document_name),
    )
    return (highest or 0) + 1


async def insert_grant(unit: Unit, grant: Grant) -> None:
    """Write a decision.

    Raises:
        ConstraintBroken: another decision took the revision.
    """
    await ConsentGrant.create(
        using_db=unit.orm,
        id=grant.id,
        citizen_id=grant.citizen_id,
        app_id=grant.app_id,
        document_name=grant.document_name,
        revision=grant.revision,
        release_id=grant.release_id,
        document_id=grant.document_id,
        scopes=sorted(set(grant.scopes)),
        purpose=dict(grant.purpose),
        retention=grant.retention,
        terms=grant.terms,
        state=grant.state.value,
        receipt_number=grant.receipt_number,
        granted_at=grant.granted_at,
        expires_at=grant.expires_at,
        withdrawn_at=grant.withdrawn_at,
    )


async def supersede(unit: Unit, grant: Grant, states: Sequence[GrantState]) -> None:
    """Let a new decision take the place of the earlier ones on the same document that are in these states."""
    for state in states:
        await unit.execute(
            "UPDATE consent_grant SET state = $1 WHERE citizen_id = $2 AND app_id = $3 AND document_name = $4"
            " AND state = $5 AND id <> $6",
            *(GrantState.SUPERSEDED.value, grant.citizen_id, grant.app_id, grant.document_name, state.value, grant.id),
        )


async def mark_withdrawn(unit: Unit, citizen_id: CitizenId, grant_id: str, now: datetime) -> bool:
    """Withdraw a grant in force; tell whether this statement did it."""
    touched = await unit.execute(
        "UPDATE consent_grant SET state = $1, withdrawn_at = $2 WHERE id = $3 AND citizen_id = $4 AND state = $5",
        *(GrantState.WITHDRAWN.value, now, grant_id, citizen_id, GrantState.GRANTED.value),
    )
    return touched == 1
