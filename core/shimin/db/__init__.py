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
from shimin.db.migrate import create_tables, make_migration, migrate, missing_changes, pending
from shimin.db.outbox import emit
from shimin.db.reading import Page, read_many, read_one, read_page
from shimin.db.relay import Handler, Relay, RelayLimits, dead_facts, open_facts, revive_fact
from shimin.db.unit import Database, Engine, Reader, Row, Unit
from shimin.db.view import (
    ActorValue,
    AnyOf,
    Column,
    DepartmentRows,
    Everyone,
    OwnRows,
    Rule,
    Staff,
    View,
    rule_sql,
)
from shimin.kit.held import UnitHeldDuringIo, assert_outside_unit

__all__ = [
    "ActorValue",
    "AnyOf",
    "Column",
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
    "DepartmentRows",
    "DocumentField",
    "Engine",
    "Everyone",
    "FlagField",
    "Handler",
    "IdField",
    "InstantField",
    "InvalidCursor",
    "MoneyField",
    "OwnRows",
    "Page",
    "PageTooLarge",
    "Reader",
    "Relay",
    "RelayLimits",
    "Row",
    "Rule",
    "Staff",
    "Unit",
    "UnitHeldDuringIo",
    "UnitTimedOut",
    "View",
    "as_instant",
    "assert_outside_unit",
    "check_durability",
    "create_tables",
    "dead_facts",
    "dump_document",
    "emit",
    "make_migration",
    "migrate",
    "missing_changes",
    "open_database",
    "open_facts",
    "pending",
    "read_many",
    "read_one",
    "read_page",
    "revive_fact",
    "rule_sql",
]
