"""A department's system of record, asked over HTTPS for what it holds about one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shimin.kit.refusal import Refusal


@dataclass(frozen=True, slots=True)
class SourceQuestion:
    """One operation of one source about one person; ``inputs`` are checked against the source's schema."""

    source: str
    operation: str
    inputs: Mapping[str, Any]
    trace_id: str


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What the source returned, checked against its schema, and when it was true."""

    data: Mapping[str, Any]
    as_of: datetime
    cached: bool = False


class SourceUnavailable(Refusal):
    """The source is down, too slow, or answered what its schema forbids (``reason``: down, slow, nonsense, refused)."""

    code = "SOURCE_UNAVAILABLE"
    http_status = 503
    retryable = True
    source: str
    reason: str


class Source(Protocol):
    """Ask departments' registered sources.

    Contract: answers within the source's time limit or refuses; never follows redirects; never returns a
    field its schema does not declare; never lets address or secret out, in errors neither; is called
    outside a unit.
    """

    async def ask(self, question: SourceQuestion) -> SourceAnswer:
        """Return the source's answer.

        Raises:
            SourceUnavailable: no usable answer in time.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
