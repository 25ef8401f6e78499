"""Asking a department's own system through a connector that the manifest declares; the core makes the connection.

On the wire: the request is ``{"method", "path", "query", "headers", "body"}``, the answer
``{"status", "headers", "body"}``; bodies are text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from shimin_sdk.errors import AnswerMismatch, ValidationError
from shimin_sdk.schema import read_as
from shimin_sdk.wire import NotJson, read_json

Value = TypeVar("Value")
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
READS: tuple[Method, ...] = ("GET", "HEAD")
"""Methods that change nothing: what a query may use."""
BODY_BYTES_MAX = 256 * 1024


@dataclass(frozen=True)
class Reply:
    """What the department's system answered, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By lower-case name."""
    body: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status says success (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3

    def read(self, kind: type[Value]) -> Value:
        """Return the JSON body as a type; keys that the type does not name are left out.

        Raises:
            AnswerMismatch: the body is no JSON or does not fit; names the places and no values.
        """
        try:
            return read_as(kind, read_json(self.body, BODY_BYTES_MAX), path="body", strict=False)
        except NotJson as error:
            raise AnswerMismatch("body", str(error)) from None
        except ValidationError as error:
            raise AnswerMismatch("body", *map(str, error.problems)) from None


def request_of(
    method: Method, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: str | None
) -> Mapping[str, object]:
    """Return a request as it goes to the core.

    Raises:
        ValueError: the path is no absolute path, or the body is too big.
    """
    if not path.startswith("/") or path.startswith("//") or any(mark in path for mark in "?#\\ \r\n"):
        msg = "the path begins with one / and has no query of its own: give that as query={…}"
        raise ValueError(msg)
    if body is not None and len(body.encode()) > BODY_BYTES_MAX:
        msg = f"the body of a request has at most {BODY_BYTES_MAX} bytes"
        raise ValueError(msg)
    return {"method": method, "path": path, "query": query, "headers": headers, "body": body}
