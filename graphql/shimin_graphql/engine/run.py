"""Running a document for a call, and saying what came of it without letting anything out that should stay in."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Literal

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, subscribe

from shimin_graphql.engine.batched import Batched, NotCompilable
from shimin_graphql.engine.compiled import PLANNERS_MAX, CompiledQueries
from shimin_graphql.engine.errors import DeadlineExceeded
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.reply import Answer, Reply, answer, cause_of, dump, public_error, refusal_error

if TYPE_CHECKING:
    from shimin_graphql.context import Context
    from shimin_graphql.engine.documents import Document


Tier = Literal["compiled", "batched", "stock"]
"""``compiled``: rows by statements, the rest by resolvers; ``batched``: resolvers compiled; ``stock``: as they come."""


class Engine:
    """Runs documents against one schema, each in the fastest way that answers it exactly."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        timeout_s: float,
        hide_suggestions: bool,
        tier: Tier = "compiled",
        fragments: Fragments | None = None,
    ) -> None:
        """Run documents of a schema, each at most ``timeout_s``.

        Args:
            schema: what documents ask.
            timeout_s: seconds one document may take.
            hide_suggestions: whether error texts name no fields that were not asked for.
            tier: the fastest way that may be taken.
            fragments: where parts that are the same for everybody are kept; None: nowhere.
        """
        self.schema = schema
        self.tier = tier
        self._timeout_s = timeout_s
        self._hide_suggestions = hide_suggestions
        self._batched: OrderedDict[int, tuple[DocumentNode, Batched | None]] = OrderedDict()
        self.compiled = CompiledQueries(schema, self._resolve, fragments)

    async def run(self, document: Document, variables: Mapping[str, Any], context: Context) -> Answer:
        """Execute a query or mutation and return its response; never raises for what the caller did.

        The call becomes one made under this document, so that consent and the access log know it.
        """
        try:
            result = await self._execute(document, variables, context)
        except DeadlineExceeded as refusal:
            return {"data": None, "errors": [refusal_error(refusal, context.call)]}
        return answer(result, context.call)

    async def reply(
        self,
        document: Document,
        variables: Mapping[str, Any],
        context: Context,
        extensions: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Execute a query or mutation and return its response as it is sent; the way of every HTTP request.

        Args:
            extensions: what else the response says, such as what the document cost.
        """
        if document.kind == "query" and self.tier == "compiled" and extensions is None:
            try:
                async with asyncio.timeout(self._timeout_s):
                    reply = await self.compiled.reply(document, variables, context)
            except TimeoutError:
                return Reply(dump({"data": None, "errors": [refusal_error(DeadlineExceeded(), context.call)]}), True)  # noqa: FBT003
            if reply is not None:
                return reply
        result = await self.run(document, variables, context)
        if extensions:
            result["extensions"] = dict(extensions)
        return Reply(dump(result), has_data="data" in result)

    async def run_whole(self, document: Document, variables: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Execute a query or mutation of a mini-app and return its data, all of it or nothing.

        Raises:
            Refusal: the first error: what a resolver refused, DocumentInvalid for wrong variables, or InternalFault.
        """
        result = await self._execute(document, variables, context)
        if result.errors:
            raise cause_of(result.errors[0], context.call)
        return result.data or {}

    async def _execute(self, document: Document, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._resolve(document, variables, context)
        except TimeoutError:
            raise DeadlineExceeded from None

    async def _resolve(self, document: Document, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        """Run a document's resolvers; the call becomes one made under it."""
        context.call = context.call.under(document.id)
        batched = self._batched_plan(document) if self.tier != "stock" else None
        result: ExecutionResult | Awaitable[ExecutionResult] | None = None
        if batched is not None:
            with suppress(NotCompilable):  # for these variables the stock executor has to run it
                result = batched.execute(variables, context)
        if result is None:
            result = execute(
                self.schema,
                document.ast,
                context_value=context,
                variable_values=dict(variables),
                hide_suggestions=self._hide_suggestions,
            )
        return await result if isawaitable(result) else result

    def _batched_plan(self, document: Document) -> Batched | None:
        """Return the document's compiled resolvers, or None where only the stock executor can run it."""
        key = id(document.ast)
        found = self._batched.get(key)
        if found is None or found[0] is not document.ast:
            try:
                plan: Batched | None = Batched(
                    self.schema, document.ast, document.operation, hide_suggestions=self._hide_suggestions
                )
            except NotCompilable:
                plan = None
            found = self._batched[key] = (document.ast, plan)
            if len(self._batched) > PLANNERS_MAX:
                self._batched.popitem(last=False)
        return found[1]

    async def stream(self, document: Document, variables: Mapping[str, Any], context: Context) -> AsyncIterator[Answer]:
        """Yield a subscription's responses; a refusal or a fault of its source is the last one."""
        context.call = context.call.under(document.id)
        started = subscribe(
            self.schema,
            document.ast,
            context_value=context,
            variable_values=dict(variables),
            hide_suggestions=self._hide_suggestions,
        )
        if isawaitable(started):
            started = await started
        if isinstance(started, ExecutionResult):  # no source: nothing ran (specification section 6.2.3.1)
            yield {"errors": [public_error(error, context.call) for error in started.errors or ()]}
            return
        try:
            async for result in started:
                yield answer(result, context.call)
        except Exception as error:  # noqa: BLE001 - the source itself refused or failed: said as an answer, then the end
            yield {"errors": [public_error(GraphQLError("", original_error=error), context.call)]}
        finally:
            close = getattr(started, "aclose", None)
            if close:
                await close()
