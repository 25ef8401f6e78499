"""The table of trusted documents and every statement that writes it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from shimin.db import IdField, InstantField, Reader, Unit
from shimin.documents.model import TrustedDocument

LISTED_MAX = 10_000


class TrustedDocumentRow(Model):
    """One registered document; a row is never deleted, so that an id keeps its story."""

    id = IdField(primary_key=True)
    name = fields.TextField()
    kind = fields.CharField(max_length=16)
    client = IdField()
    text = fields.TextField()
    registered_at = InstantField()
    registered_by = IdField()
    retired_at = InstantField(null=True)
    retired_by = IdField(null=True)

    class Meta:
        """Names the table."""

        table = "trusted_document"
        app = "shimin"


async def insert(unit: Unit, document: TrustedDocument) -> bool:
    """Write a new document; False when its id is there already."""
    return bool(
        await unit.execute(
            "INSERT INTO trusted_document (id, name, kind, client, text, registered_at, registered_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
            *(document.id, document.name, document.kind, document.client, document.text),
            *(document.registered_at, document.registered_by),
        )
    )


async def set_retired(unit: Unit, document_id: str, by: str, at: datetime) -> bool:
    """Stop a document; False where it is not trusted now."""
    return bool(
        await unit.execute(
            "UPDATE trusted_document SET retired_at = $1, retired_by = $2 WHERE id = $3 AND retired_at IS NULL",
            *(at, by, document_id),
        )
    )


async def set_revived(unit: Unit, document_id: str) -> bool:
    """Trust a retired document again; False where it is not retired."""
    return bool(
        await unit.execute(
            "UPDATE trusted_document SET retired_at = NULL, retired_by = NULL WHERE id = $1 AND retired_at IS NOT NULL",
            document_id,
        )
    )


async def find(reader: Reader, document_id: str) -> TrustedDocument | None:
    """Return a document, retired or not."""
    row = await TrustedDocumentRow.get_or_none(id=document_id, using_db=reader.orm)
    return _document(row) if row else None


async def live_texts(reader: Reader, ids: Iterable[str]) -> Mapping[str, str]:
    """Return the texts of those of the documents that are trusted now, by id."""
    found = TrustedDocumentRow.filter(id__in=list(ids), retired_at__isnull=True).using_db(reader.orm)
    return dict(await found.values_list("id", "text"))


async def all_documents(reader: Reader) -> list[TrustedDocument]:
    """Return every document, by client and name (at most ``LISTED_MAX``)."""
    rows = await TrustedDocumentRow.all().using_db(reader.orm).order_by("client", "name", "id").limit(LISTED_MAX)
    return [_document(row) for row in rows]


def _document(row: TrustedDocumentRow) -> TrustedDocument:
    return TrustedDocument(
        id=row.id,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type] # written from an OperationKind
        client=row.client,
        text=row.text,
        registered_at=row.registered_at,
        registered_by=row.registered_by,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
    )
