"""What a response says: bytes as they are sent, and no more of an error than its reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError

from shimin.kit.refusal import Refusal
from shimin.kit.text import say_refusal
from shimin_graphql.engine.errors import DocumentInvalid, InternalFault

if TYPE_CHECKING:
    from shimin.kit.call import Call

log = structlog.get_logger("shimin.graphql")
MESSAGE_CHARS_MAX = 400
"""Errors repeat parts of the document; more than this of it tells nobody more."""
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
    refusal = cause_of(error, call)
    shown = refusal_error(refusal, call)
    if isinstance(refusal, DocumentInvalid):
        shown["message"] = error.message[:MESSAGE_CHARS_MAX]
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def cause_of(error: GraphQLError, call: Call) -> Refusal:
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
