"""Running a document for a call, and saying what came of it without letting anything out that should stay in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute, subscribe

from shimin.kit.refusal import Refusal
from shimin.kit.text import say_refusal
from shimin_graphql.engine.errors import DeadlineExceeded, DocumentInvalid, InternalFault

if TYPE_CHECKING:
    from shimin.kit.call import Call
    from shimin_graphql.context import Context
    from shimin_graphql.engine.documents import Document

log = structlog.get_logger("shimin.graphql")
Answer = dict[str, Any]
"""A GraphQL response: ``data`` and, where something went wrong, ``errors``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response ready to be sent: JSON in UTF-8."""

    body: bytes
    has_data: bool
    """False: the request itself was at fault and nothing ran."""
    public: bool = False
    """Nothing in it depends on who asks: anybody's copy is everybody's."""


class Engine:
    """Runs documents against one schema. Now the stock executor (tier 3); the tiers above it take its place here."""

    def __init__(self, schema: GraphQLSchema, *, timeout_s: float, hide_suggestions: bool) -> None:
        """Run documents of a schema, each at most ``timeout_s``."""
        self.schema = schema
        self._timeout_s = timeout_s
        self._hide_suggestions = hide_suggestions

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
            raise _cause(result.errors[0], context.call)
        return result.data or {}

    async def _execute(self, document: Document, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        context.call = context.call.under(document.id)
        try:
            async with asyncio.timeout(self._timeout_s):
                result = execute(
                    self.schema,
                    document.ast,
                    context_value=context,
                    variable_values=dict(variables),
                    hide_suggestions=self._hide_suggestions,
                )
                return await result if isawaitable(result) else result
        except TimeoutError:
            raise DeadlineExceeded from None

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
        if isinstance(started, ExecutionResult):
            yield answer(started, context.call)
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


def dump(value: Any) -> bytes:
    """Return JSON in UTF-8; what JSON cannot say is a bug and raises."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, GraphQLError):
        return value.message
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    raise TypeError(type(value).__name__)


def answer(result: ExecutionResult, call: Call) -> Answer:
    """Return a result as JSON values; a request error (nothing ran) has no ``data`` member (spec section 7.1)."""
    if not result.errors:
        return {"data": result.data}
    errors = [public_error(error, call) for error in result.errors]
    if result.data is None and all(error.path is None for error in result.errors):
        return {"errors": errors}
    return {"data": result.data, "errors": errors}


def public_error(error: GraphQLError, call: Call) -> dict[str, Any]:
    """Return what the caller may see of an error: a refusal's code, the document's own fault, or a trace id."""
    refusal = _cause(error, call)
    shown = refusal_error(refusal, call)
    if isinstance(refusal, DocumentInvalid):
        shown["message"] = error.message
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def _cause(error: GraphQLError, call: Call) -> Refusal:
    """Return what stands behind an error; a bug is logged whole and shown only by its trace id."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, Refusal):
        return cause
    if cause is None:
        return DocumentInvalid(reason=error.message)
    log.error("graphql.fault", trace_id=call.trace_id, path=error.path, exc_info=cause)
    return InternalFault(trace_id=call.trace_id)


def refusal_error(refusal: Refusal, call: Call) -> dict[str, Any]:
    """Return a refusal as a GraphQL error: words in the caller's language, code and parameters for machines."""
    return {
        "message": say_refusal(refusal, call.locale),
        "extensions": {
            "code": refusal.code,
            "params": dict(refusal.params),
            "retryable": refusal.retryable,
        },
    }
