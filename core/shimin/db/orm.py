"""Tortoise bound to exactly one unit or reader: no connection registry, no context variables.

Every query names its connection (``using_db(unit.orm)``). A query that does not is a bug and says so, because a
model's own connection is ``_Unbound``. Both engines are spoken to in one SQL dialect (PostgreSQL's, which
SQLite understands for all that models need), so one process may use both.
"""

import asyncio
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, Protocol, cast

from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Query, Table
from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient, Capabilities
from tortoise.backends.base_postgres.executor import BasePostgresExecutor
from tortoise.backends.base_postgres.schema_generator import BasePostgresSchemaGenerator
from tortoise.backends.sqlite.schema_generator import SqliteSchemaGenerator
from tortoise.connection import ConnectionHandler
from tortoise.models import MetaInfo, Model

APP = "shimin"
"""The one Tortoise app that all models belong to."""
OWN_MODELS = ("shimin.db.outbox",)
"""Modules with this layer's own tables, always present."""

_CAPABILITIES = {
    engine: Capabilities(
        dialect,
        daemon=engine == "postgres",
        support_for_update=True,
        support_for_no_key_update=True,
        support_update_limit_order_by=False,
        can_rollback_ddl=True,
        support_returning=True,
        # Comments on columns inline in CREATE TABLE exist on SQLite alone.
        inline_comment=engine == "sqlite",
    )
    for engine, dialect in (("sqlite", "sqlite"), ("postgres", "postgres"))
}


class Session(Protocol):
    """What the ORM needs of a connection that somebody else opened and will close."""

    async def fetch(self, sql: str, args: Sequence[object], /) -> list[dict[str, Any]]:
        """Run one statement and return its rows."""
        ...

    async def execute(self, sql: str, args: Sequence[object], /) -> int:
        """Run one statement and return how many rows it touched."""
        ...

    async def run_many(self, sql: str, many: Sequence[Sequence[object]], /) -> None:
        """Run one statement with each of many sets of values."""
        ...

    async def run_script(self, sql: str, /) -> None:
        """Run several statements without values (migrations only)."""
        ...


class OrmExecutor(BasePostgresExecutor):
    """The ORM's statements in the one dialect; only plain values count as native, so both engines convert alike."""

    DB_NATIVE = {bytes, str, int, float}  # noqa: RUF012 - overrides the ORM's own class attribute
    EXPLAIN_PREFIX = "EXPLAIN"


class OrmClient(BaseDBAsyncClient):
    """The ORM's view of one open unit or reader; statements of concurrent tasks queue up."""

    query_class = PostgreSQLQuery
    executor_class = OrmExecutor

    def __init__(self, session: Session, engine: str) -> None:
        """Speak through ``session``; nothing is opened here."""
        super().__init__(APP)
        self.capabilities = _CAPABILITIES[engine]
        self.schema_generator = SqliteSchemaGenerator if engine == "sqlite" else BasePostgresSchemaGenerator
        self._session = session
        self._turn = asyncio.Lock()
        self._ended = False

    def end(self) -> None:
        """Refuse every later statement: the connection may by then serve somebody else's unit."""
        self._ended = True

    def _speaking(self) -> Session:
        """Return the session to whoever has the turn."""
        if self._ended:
            message = "this unit or reader has ended; a statement cannot join it any more"
            raise AssertionError(message)
        return self._session

    async def fetch(self, sql: str, args: Sequence[object]) -> list[dict[str, Any]]:
        """Run one statement and return its rows."""
        async with self._turn:
            return await self._speaking().fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[object]) -> int:
        """Run one statement and return how many rows it touched."""
        async with self._turn:
            return await self._speaking().execute(sql, args)

    async def execute_insert(self, query: str, values: list[Any]) -> dict[str, Any] | None:
        """Run an INSERT; return the row of its RETURNING clause, if it has one."""
        rows = await self.fetch(query, values)
        return rows[0] if rows else None

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[dict[str, Any]]]:
        """Run a statement; return how many rows it touched or gave, and the rows."""
        if query.startswith(("UPDATE", "DELETE")):
            return await self.execute(query, values or ()), []
        rows = await self.fetch(query, values or ())
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run a statement and return its rows."""
        return await self.fetch(query, values or ())

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement with each of many sets of values."""
        async with self._turn:
            await self._speaking().run_many(query, values)

    async def execute_script(self, query: str) -> None:
        """Run several statements without values."""
        async with self._turn:
            await self._speaking().run_script(query)


class _UnboundSession:
    """Answers a query that named no unit or reader."""

    _MESSAGE = "this query names no connection: pass using_db(unit.orm) or using_db=unit.orm"

    async def fetch(self, _sql: str, _args: Sequence[object], /) -> list[dict[str, Any]]:
        raise AssertionError(self._MESSAGE)

    async def execute(self, _sql: str, _args: Sequence[object], /) -> int:
        raise AssertionError(self._MESSAGE)

    async def run_many(self, _sql: str, _many: Sequence[Sequence[object]], /) -> None:
        raise AssertionError(self._MESSAGE)

    async def run_script(self, _sql: str, /) -> None:
        raise AssertionError(self._MESSAGE)


_UNBOUND = OrmClient(_UnboundSession(), "postgres")


class _BoundMeta(MetaInfo):
    """A model's description whose own connection is the unbound one, in every task and thread."""

    __slots__ = ()

    @property
    def db(self) -> BaseDBAsyncClient:
        return _UNBOUND


def bind_model(model: type[Model]) -> None:
    """Finish one model whose relations are known, so that it builds queries in the one dialect."""
    meta = model._meta  # noqa: SLF001 - the ORM offers no public way
    meta.__class__ = _BoundMeta
    # The ORM would make docstrings part of the schema: each reworded sentence would need a migration.
    meta.table_description = ""
    for field in meta.fields_map.values():
        field.description = None
    meta.finalise_model()
    meta.basetable = Table(name=meta.db_table, schema=meta.schema)
    basequery = PostgreSQLQuery.from_(meta.basetable)
    meta.basequery = cast("Query", basequery)
    meta.basequery_all_fields = cast("Query", basequery.select(*meta.db_fields))


def bind_models(modules: Iterable[str | ModuleType]) -> Apps:
    """Load the models of these modules, tie their relations and make them usable; again is harmless.

    Args:
        modules: dotted names, such as ``shimin.ledger.rows``.

    Returns:
        The registry of the models, for migrations.
    """
    apps = Apps({}, ConnectionHandler())
    apps.init_app(APP, list(modules))
    for model in apps.get_models_iterable():
        bind_model(model)
    return apps
