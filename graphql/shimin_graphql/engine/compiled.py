"""Running plans: kept parts from memory, one statement for the rest, resolvers for what is left; bytes out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult

from shimin.db import Viewpoint
from shimin.db.compiled import NoAnswer
from shimin.db.dialect import DIALECTS
from shimin_graphql.engine.pieces import StandAside
from shimin_graphql.engine.plan import Planner
from shimin_graphql.engine.prepared import Preparations
from shimin_graphql.engine.reply import Reply, answer, dump

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from shimin_graphql.context import Context
    from shimin_graphql.engine.documents import Document
    from shimin_graphql.engine.fragments import Fragments
    from shimin_graphql.engine.pieces import Variables
    from shimin_graphql.engine.plan import Kept, Plan

Resolve = Callable[["Document", Mapping[str, Any], "Context"], Awaitable[ExecutionResult]]
PLANNERS_MAX = 2_000
"""Documents whose plans are kept, least recently used dropped first."""


class CompiledQueries:
    """Answers queries whose root fields are backed by rows; what it cannot answer exactly it does not answer."""

    def __init__(self, schema: GraphQLSchema, resolve: Resolve, fragments: Fragments | None) -> None:
        """Answer queries of one schema.

        Args:
            schema: what documents ask.
            resolve: runs the resolvers of a document, for root fields that are not compiled.
            fragments: where parts that are the same for everybody are kept; None: nowhere.
        """
        self._schema = schema
        self._resolve = resolve
        self._fragments = fragments
        self._planners: OrderedDict[tuple[str, str], tuple[Planner, Preparations]] = OrderedDict()

    def planner(self, document: Document, engine: str) -> Planner:
        """Return the planner of a document on a database engine."""
        return self._of(document, engine)[0]

    def _prepared(self, document: Document, engine: str) -> Preparations:
        return self._of(document, engine)[1]

    def _of(self, document: Document, engine: str) -> tuple[Planner, Preparations]:
        key = (document.id, engine)
        found = self._planners.get(key)
        if found is None:
            planner = Planner(self._schema, document, DIALECTS[engine], keep=self._fragments is not None)
            found = self._planners[key] = (planner, Preparations(planner, document.id))
            if len(self._planners) > PLANNERS_MAX:
                self._planners.popitem(last=False)
        return found

    async def reply(self, document: Document, variables: Mapping[str, Any], context: Context) -> Reply | None:
        """Return the response, or None where the resolvers have to give all of it."""
        call, platform = context.call, context.platform
        prepared = self._prepared(document, platform.db.engine).prepare(call.locale, variables)
        if prepared is None:
            return None
        plan = prepared.plan
        parts: dict[str, bytes] = {}
        try:
            if plan.private is not None:
                if not plan.private.admits(call):
                    return None
                values = prepared.values(Viewpoint(call, platform.clock.now()))
                parts |= zip(
                    plan.private.keys, await platform.db.read_compiled(plan.private.compiled, values), strict=True
                )
            for kept, key in prepared.kept:
                parts[kept.key] = await self._part(kept, key, prepared.coerced, context)
        except (StandAside, NoAnswer):
            return None
        if plan.resolved is None:
            return Reply(b"".join(_joined(plan, parts)), has_data=True, public=plan.public)
        return await self._with_resolved(plan, parts, variables, context)

    async def _part(self, kept: Kept, key: Hashable, coerced: Variables, context: Context) -> bytes:
        """Return a part that is the same for everybody, from memory where it is kept.

        Raises:
            StandAside: the caller may not ask for it, or it has no answer without errors.
            NoAnswer: a row has no place in a right answer.
        """
        if self._fragments is None:
            raise AssertionError
        statement = kept.statement
        if statement is not None and not statement.admits(context.call):
            raise StandAside
        found = self._fragments.get(key)
        if found is not None:
            return found
        mark = self._fragments.mark()
        if statement is not None:
            values = [
                item.read(Viewpoint(context.call, context.platform.clock.now()), coerced)
                for item in statement.parameters
            ]
            part = (await context.platform.db.read_compiled(statement.compiled, values))[0]
        else:
            part = await self._resolved_part(kept, coerced, context)
        self._fragments.keep(key, part, kept.changed_by, mark=mark)
        return part

    async def _resolved_part(self, kept: Kept, coerced: Variables, context: Context) -> bytes:
        if kept.resolved is None:
            raise AssertionError
        result = await self._resolve(kept.resolved, coerced, context)
        if result.errors or result.data is None:
            raise StandAside
        return dump(result.data[kept.key])

    async def _with_resolved(
        self, plan: Plan, parts: dict[str, bytes], variables: Mapping[str, Any], context: Context
    ) -> Reply:
        """Return the response with the root fields that resolvers answer put in their places."""
        if plan.resolved is None:
            raise AssertionError
        result = await self._resolve(plan.resolved, variables, context)
        said = answer(result, context.call)
        if said.get("data") is None:
            return Reply(dump(said), has_data="data" in said)
        parts |= {key: dump(value) for key, value in said["data"].items()}
        pieces = _joined(plan, parts)
        if "errors" in said:
            pieces[-1] = b'},"errors":' + dump(said["errors"]) + b"}"
        return Reply(b"".join(pieces), has_data=True)


def _joined(plan: Plan, parts: Mapping[str, bytes]) -> list[bytes]:
    """Return a response's bytes, its root fields in their order."""
    pieces: list[bytes] = []
    for key, opening in plan.openings:
        pieces += (opening, parts[key])
    pieces.append(b"}}")
    return pieces
