"""Opens the database an address names, with the models tied to it."""

from collections.abc import Sequence
from types import ModuleType

from shimin.db.applied import migration_names, recorded_migrations, refuse_newer
from shimin.db.errors import DatabaseNotDurable, DatabaseNotForProduction, DatabaseUrlInvalid
from shimin.db.lanes import BATCH_MAX
from shimin.db.orm import OWN_MODELS, bind_models
from shimin.db.postgres import open_postgres
from shimin.db.sqlite import open_sqlite
from shimin.db.unit import Database
from shimin.kit.clock import Clock, SystemClock

POOL_SIZE = 10
READERS = 3


async def open_database(
    url: str,
    *,
    models: Sequence[str | ModuleType] = (),
    pool_size: int = POOL_SIZE,
    readers: int = READERS,
    clock: Clock | None = None,
    batch_max: int = BATCH_MAX,
) -> Database:
    """Open the database and make the models usable with it.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgres://user:password@host:port/name``.
        models: modules with ORM models, such as ``shimin.ledger.rows`` (``shimin.assembly.MODELS``).
        pool_size: units open at once (PostgreSQL; SQLite always writes one at a time).
        readers: readers open at once.
        clock: what dates the outbox; the machine's clock by default.
        batch_max: callers of one compiled statement that a round trip answers at most (PostgreSQL).

    Raises:
        DatabaseUrlInvalid, DatabaseUnreachable, DatabaseLocked, DatabaseNotDurable, DatabaseFailed,
        DatabaseNewerThanCode: see each.
    """
    bind_models((*OWN_MODELS, *models))
    clock = clock or SystemClock()
    database: Database
    if url.startswith("sqlite:"):
        database = await open_sqlite(url, readers=readers, clock=clock)
    elif url.startswith(("postgres:", "postgresql:")):
        database = await open_postgres(url, pool_size=pool_size, readers=readers, clock=clock, batch_max=batch_max)
    else:
        raise DatabaseUrlInvalid(reason="scheme")
    try:
        async with database.reader() as reader:
            refuse_newer(await recorded_migrations(reader.orm), migration_names())
    except BaseException:
        await database.close()
        raise
    return database


async def check_durability(database: Database, *, production: bool) -> None:
    """Refuse settings under which an acknowledged payment could be lost.

    Args:
        database: an open database.
        production: whether citizens' own affairs depend on it; SQLite and relaxed servers serve development alone.

    Raises:
        DatabaseNotForProduction: production on SQLite.
        DatabaseNotDurable: production on a server with ``fsync``, ``synchronous_commit`` or ``full_page_writes`` off.
    """
    found = await database.durability()
    if not production:
        return
    if database.engine == "sqlite":
        raise DatabaseNotForProduction
    for setting, value in found.items():
        if value == "off":
            raise DatabaseNotDurable(setting=setting, found=value)
