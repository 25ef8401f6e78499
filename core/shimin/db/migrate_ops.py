"""What a migration file may use beside the ORM's own operations."""

from collections.abc import Sequence

from tortoise.migrations.operations import TortoiseOperation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class PerEngine(TortoiseOperation):
    """Statements that differ between the engines; use ``per_engine``."""

    def __init__(
        self,
        *,
        sqlite: Sequence[str],
        postgres: Sequence[str],
        sqlite_undo: Sequence[str],
        postgres_undo: Sequence[str],
    ) -> None:
        """Keep the statements of each engine, in order."""
        self._do = {"sqlite": tuple(sqlite), "postgres": tuple(postgres)}
        self._undo = {"sqlite": tuple(sqlite_undo), "postgres": tuple(postgres_undo)}

    def describe(self) -> str:
        """Name the operation in plans."""
        return "Statements per engine"

    async def database_forward(
        self,
        app_label: str,  # noqa: ARG002 - the ORM passes it
        old_state: State,  # noqa: ARG002
        new_state: State,  # noqa: ARG002
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Run the statements of the engine at hand."""
        await _run(state_editor, self._do)

    async def database_backward(
        self,
        app_label: str,  # noqa: ARG002 - the ORM passes it
        old_state: State,  # noqa: ARG002
        new_state: State,  # noqa: ARG002
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Run the statements that undo it."""
        await _run(state_editor, self._undo)


async def _run(editor: BaseSchemaEditor | None, statements: dict[str, tuple[str, ...]]) -> None:
    if editor is not None:
        for statement in statements[editor.DIALECT]:
            await editor._run_sql(statement)  # noqa: SLF001 - the way the ORM's own operations run SQL


def per_engine(
    *,
    sqlite: Sequence[str] = (),
    postgres: Sequence[str] = (),
    sqlite_undo: Sequence[str] = (),
    postgres_undo: Sequence[str] = (),
) -> PerEngine:
    """Make an operation of a migration that does different things on each engine (full-text tables, triggers).

    Args:
        sqlite: statements for SQLite; each may hold a trigger with semicolons in its body.
        postgres: statements for PostgreSQL.
        sqlite_undo: what undoes them on SQLite.
        postgres_undo: what undoes them on PostgreSQL.
    """
    return PerEngine(sqlite=sqlite, postgres=postgres, sqlite_undo=sqlite_undo, postgres_undo=postgres_undo)
