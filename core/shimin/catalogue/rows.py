"""The tables of the catalogue, every statement that writes them, and the full-text index of each engine.

The index is written in the same unit as the guide it belongs to, so that neither is ever seen without the other.
"""

from collections.abc import Sequence
from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from shimin.catalogue.matching import IndexEntry
from shimin.catalogue.model import Dimension, Guide, Text
from shimin.catalogue.tokens import search_key
from shimin.catalogue.wire import to_details
from shimin.db import DocumentField, IdField, InstantField, Reader, Unit, dump_document
from shimin.kit.digest import sha256_id

INDEX_VERSION = 1
"""Raise it when guides are indexed differently: the next import then writes every guide again."""

_TOKENIZE = "unicode61 remove_diacritics 0 categories 'L* M* N* Co Cn'"
SQLITE_DDL = (
    f'CREATE VIRTUAL TABLE IF NOT EXISTS guide_search USING fts5(title, names, body, tokenize = "{_TOKENIZE}")',
)
"""The index on SQLite; it is given terms separated by spaces and must not cut or drop any of them."""
POSTGRES_DDL = (
    "CREATE TABLE IF NOT EXISTS guide_search (number BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL)",
    "CREATE INDEX IF NOT EXISTS guide_search_terms ON guide_search USING GIN (terms)",
)
"""The index on PostgreSQL; vectors are written in full, so no text-search configuration is involved."""
SQLITE_UNDO_DDL = ("DROP TABLE IF EXISTS guide_search",)
POSTGRES_UNDO_DDL = ("DROP TABLE IF EXISTS guide_search",)

_IMPORT_LOCK = 0x5348_4755_4944_45
"""Key of the advisory lock that lets one import write at a time on PostgreSQL ("SHGUIDE")."""


class GuideRow(Model):
    """One guide: what lists sort and filter by as columns, the rest as a document."""

    number = fields.BigIntField(primary_key=True)
    code = IdField(unique=True)
    title = fields.TextField()
    title_en = fields.TextField(null=True)
    title_key = fields.TextField()
    title_en_key = fields.TextField()
    department = fields.TextField(null=True)
    department_en = fields.TextField(null=True)
    area_code = IdField(null=True)
    area = fields.TextField(null=True)
    area_en = fields.TextField(null=True)
    kind = fields.TextField(null=True)
    mini_app_id = IdField(null=True)
    details = DocumentField()
    digest = fields.TextField()
    updated_at = InstantField()

    class Meta:
        """Public data, owned by nobody."""

        table = "guide"
        app = "shimin"
        indexes = (("department",), ("area_code",), ("mini_app_id",))


class GuideLabelRow(Model):
    """A user group or theme that a guide belongs to."""

    row_key = IdField(primary_key=True)
    number = fields.BigIntField()
    dimension = IdField()
    value = IdField()

    class Meta:
        """Read by value (filters) and by guide (counts)."""

        table = "guide_label"
        app = "shimin"
        indexes = (("dimension", "value", "number"), ("number", "dimension", "value"))


async def lock_import(unit: Unit) -> None:
    """Wait until no other import writes; on SQLite a unit is the only writer already."""
    if unit.engine == "postgres":
        await unit.fetch("SELECT pg_advisory_xact_lock($1)", _IMPORT_LOCK)


async def digests(reader: Reader, codes: Sequence[str]) -> dict[str, str]:
    """Return what each of these guides was when it was last written."""
    if not codes:
        return {}
    places = ", ".join(f"${at}" for at in range(1, len(codes) + 1))
    rows = await reader.fetch(f"SELECT code, digest FROM guide WHERE code IN ({places})", *codes)  # noqa: S608
    return {row["code"]: row["digest"] for row in rows}


def digest_of(guide: Guide) -> str:
    """Return a name for everything that is stored and indexed of a guide."""
    return sha256_id(f"{INDEX_VERSION}\n{guide.code}\n{dump_document(to_details(guide))}")


async def write(unit: Unit, guide: Guide, digest: str, at: datetime) -> None:
    """Write a guide, its labels and its index entry; a guide of the same code is replaced and keeps its number."""
    title, department, area = guide.title, guide.department, guide.area
    row = await unit.fetch_one(
        "INSERT INTO guide (number, code, title, title_en, title_key, title_en_key, department, department_en,"
        " area_code, area, area_en, kind, mini_app_id, details, digest, updated_at) VALUES ("
        "(SELECT COALESCE(MAX(number), 0) + 1 FROM guide),"
        " $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        " ON CONFLICT (code) DO UPDATE SET title = excluded.title, title_en = excluded.title_en,"
        " title_key = excluded.title_key, title_en_key = excluded.title_en_key, department = excluded.department,"
        " department_en = excluded.department_en, area_code = excluded.area_code, area = excluded.area,"
        " area_en = excluded.area_en, kind = excluded.kind, mini_app_id = excluded.mini_app_id,"
        " details = excluded.details, digest = excluded.digest, updated_at = excluded.updated_at RETURNING number",
        guide.code,
        title.zh,
        title.en,
        search_key(title.zh),
        search_key(title.en or ""),
        department.zh if department else None,
        department.en if department else None,
        area.code if area else None,
        area.name.zh if area else None,
        area.name.en if area else None,
        guide.kind,
        guide.mini_app_id,
        dump_document(to_details(guide)),
        digest,
        at,
    )
    number = row["number"] if row else 0
    await _write_labels(unit, number, guide)
    await _write_index(unit, number, index_entry(guide))


async def _write_labels(unit: Unit, number: int, guide: Guide) -> None:
    await unit.execute("DELETE FROM guide_label WHERE number = $1", number)
    wanted: list[tuple[Dimension, str]] = [
        *(("group", value) for value in guide.groups),
        *(("theme", value) for value in guide.themes),
    ]
    if not wanted:
        return
    places = ", ".join(f"(${at}, ${at + 1}, ${at + 2}, ${at + 3})" for at in range(1, 4 * len(wanted), 4))
    values = [(f"{number}:{dimension}:{value}", number, dimension, value) for dimension, value in wanted]
    await unit.execute(
        f"INSERT INTO guide_label (row_key, number, dimension, value) VALUES {places}",  # noqa: S608 - placeholders
        *(part for row in values for part in row),
    )


async def _write_index(unit: Unit, number: int, entry: IndexEntry) -> None:
    if unit.engine == "sqlite":
        await unit.execute("DELETE FROM guide_search WHERE rowid = $1", number)
        await unit.execute(
            "INSERT INTO guide_search (rowid, title, names, body) VALUES ($1, $2, $3, $4)", number, *entry.fts5()
        )
        return
    await unit.execute(
        "INSERT INTO guide_search (number, terms) VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR))"
        " ON CONFLICT (number) DO UPDATE SET terms = excluded.terms",
        number,
        entry.tsvector(),
    )


def index_entry(guide: Guide) -> IndexEntry:
    """Return the texts under which a guide is found."""
    return IndexEntry(
        title=_languages(guide.title),
        names=[
            *guide.aliases,
            *_languages(guide.department),
            *guide.themes,
            *([guide.kind] if guide.kind else []),
            *(_languages(guide.area.name) if guide.area else []),
        ],
        body=[
            *(text for material in guide.materials for text in _languages(material)),
            *_languages(guide.conditions),
            *_languages(guide.place),
            *_languages(guide.fee),
            *_languages(guide.platform),
        ],
    )


def _languages(text: Text | None) -> list[str]:
    return [] if text is None else [part for part in (text.zh, text.en) if part]
