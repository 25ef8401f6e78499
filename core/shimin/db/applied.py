"""Which schema steps a database has, and which this version of the program knows."""

import importlib
import pkgutil
from collections.abc import Collection
from typing import cast

from tortoise.backends.base.client import BaseDBAsyncClient

from shimin.db.errors import DatabaseNewerThanCode

MIGRATIONS = "shimin.db.migrations"


def migration_names(package: str = MIGRATIONS) -> list[str]:
    """Return the names of the steps in a package, in order, without running them."""
    module = importlib.import_module(package)
    return sorted(name for _, name, is_package in pkgutil.iter_modules(module.__path__) if not is_package)


async def recorded_migrations(client: BaseDBAsyncClient) -> set[str]:
    """Return the names of the steps a database has been through; none where it was never migrated."""
    exists = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'shimin_migration'"
        if client.capabilities.dialect == "sqlite"
        else "SELECT 1 WHERE to_regclass('shimin_migration') IS NOT NULL"
    )
    if not await client.execute_query_dict(exists):
        return set()
    rows = await client.execute_query_dict("SELECT name FROM shimin_migration")
    return {cast("str", row["name"]) for row in rows}


def refuse_newer(recorded: Collection[str], known: Collection[str]) -> None:
    """Refuse a database whose schema this version of the program does not know.

    Raises:
        DatabaseNewerThanCode: it holds a step that is not among ours.
    """
    unknown = set(recorded).difference(known)
    if unknown:
        raise DatabaseNewerThanCode(migration=max(unknown))
