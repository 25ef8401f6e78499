"""The ORM's schema tools made safe: states that build queries, SQLite tables that keep their indexes and triggers."""

from types import ModuleType
from typing import Any

from tortoise.indexes import Index
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.operation_generator import OperationGenerator
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from shimin.db.orm import APP, OrmClient, bind_model, bind_models
from shimin.db.unit import Engine


class _Apps(StateApps):
    """Historic models that can be queried in a data migration, without the ORM's connection registry."""

    def _build_initial_querysets(self) -> None:
        for app in self.apps.values():
            for model in app.values():
                if model._meta._inited:  # noqa: SLF001 - the ORM offers no public way
                    bind_model(model)


class _SqliteEditor(SqliteSchemaEditor):
    """Rebuilding a table keeps its indexes, and a unique group of columns can be dropped again."""

    async def create_model(self, model: type[Model]) -> None:
        """Create the table, its unique groups as indexes of their own (SQLite cannot drop one inside a table)."""
        meta = model._meta  # noqa: SLF001 - the ORM offers no public way
        groups, meta.unique_together = meta.unique_together, ()
        try:
            await super().create_model(model)
        finally:
            meta.unique_together = groups
        for group in groups:
            columns = [meta.fields_map[field].source_field or field for field in group]
            name = self._get_unique_constraint_name(model, columns)
            quoted = ", ".join(self.quote(column) for column in columns)
            await self._run_sql(f'CREATE UNIQUE INDEX "{name}" ON {self.quote(meta.db_table)} ({quoted})')

    async def _run_sql(self, sql: str) -> None:
        """Run a script whole; the ORM would cut it at every semicolon, those inside triggers included."""
        if self.collect_sql:
            self.collected_sql.append(sql)
        else:
            await self.client.execute_script(sql)

    async def remove_index(self, model: type[Model], index: Index) -> None:
        """Drop an index; one that a rebuild already left out is no error."""
        name = index.name or self._generate_index_name("idx", model, list(index.fields))
        await self._run_sql(f'DROP INDEX IF EXISTS "{name}"')

    async def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        table = model._meta.db_table  # noqa: SLF001 - the ORM offers no public way
        _, hanging = await self.client.execute_query(
            "SELECT name, sql FROM sqlite_master"
            " WHERE tbl_name = $1 AND type IN ('index', 'trigger') AND sql IS NOT NULL",
            [table],
        )
        gone = kwargs.get("delete_field")
        gone_column = (gone.source_field or gone.model_field_name) if gone is not None else None
        await super()._remake_table(model, *args, **kwargs)
        for item in hanging:
            if gone_column is None or f'"{gone_column}"' not in item["sql"]:
                await self._run_sql(item["sql"])


def editor_for(client: OrmClient, engine: Engine) -> BaseSchemaEditor:
    """Return the tool that changes the schema through this connection, inside its open transaction."""
    editor = _SqliteEditor if engine == "sqlite" else AsyncpgSchemaEditor
    return editor(client, atomic=True)


def empty_state() -> State:
    """Return the schema before the first migration."""
    return State(models={}, apps=_Apps())


def state_of(modules: tuple[str | ModuleType, ...]) -> State:
    """Return the schema that the models of these modules describe."""
    state = empty_state()
    for name, model in bind_models(modules)[APP].items():
        state.models[(APP, name)] = ModelState.make_from_model(APP, model)
    return state


def operations_between(old: State, new: State) -> list[Any]:
    """Return what leads from one schema to the other, tables that are referred to first."""
    return list(OperationGenerator(old, new).generate(app_labels=[APP]))
