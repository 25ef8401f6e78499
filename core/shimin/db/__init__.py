"""The database: one unit is one transaction, opened at an edge; readers beside it; facts leave through the outbox."""

from shimin.db.binding import as_instant
from shimin.db.database import check_durability, open_database
from shimin.db.errors import (
    ConstraintBroken,
    DatabaseBusy,
    DatabaseFailed,
    DatabaseLocked,
    DatabaseNewerThanCode,
    DatabaseNotDurable,
    DatabaseNotForProduction,
    DatabaseUnreachable,
    DatabaseUrlInvalid,
    InvalidCursor,
    PageTooLarge,
    UnitTimedOut,
)
from shimin.db.fields import DocumentField, FlagField, IdField, InstantField, MoneyField, dump_document
from shimin.db.outbox import emit
from shimin.db.unit import Database, Engine, Reader, Row, Unit
from shimin.kit.held import UnitHeldDuringIo, assert_outside_unit

__all__ = [
    "ConstraintBroken",
    "Database",
    "DatabaseBusy",
    "DatabaseFailed",
    "DatabaseLocked",
    "DatabaseNewerThanCode",
    "DatabaseNotDurable",
    "DatabaseNotForProduction",
    "DatabaseUnreachable",
    "DatabaseUrlInvalid",
    "DocumentField",
    "Engine",
    "FlagField",
    "IdField",
    "InstantField",
    "InvalidCursor",
    "MoneyField",
    "PageTooLarge",
    "Reader",
    "Row",
    "Unit",
    "UnitHeldDuringIo",
    "UnitTimedOut",
    "as_instant",
    "assert_outside_unit",
    "check_durability",
    "dump_document",
    "emit",
    "open_database",
]
