"""The expected "no": a stable code with typed parameters; the words are found at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(kw_only_default=True, eq_default=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Say no with a code that never changes; anything else that is raised is a bug.

    A subclass names its code and declares its parameters as annotated fields, given by keyword::

        class CodeWrong(Refusal):
            code = "CODE_WRONG"
            tries_left: int

    Every code has words in each locale in its domain's ``texts.toml``.
    """

    code: ClassVar[str]
    http_status: ClassVar[int] = 400
    """What a route that is not GraphQL answers with (RFC 9110 section 15)."""
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without change."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Turn the subclass' annotations into keyword parameters."""
        super().__init_subclass__(**kwargs)
        dataclass(kw_only=True, eq=False, repr=False)(cls)

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters by name, for the words and for machines."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __str__(self) -> str:
        """Return the code and its parameters: readable in a log, without translation."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({shown})" if shown else self.code


class InvalidId(Refusal):
    """An identifier that cannot name what it should."""

    code = "INVALID_ID"
    expected: str


class InvalidMoney(Refusal):
    """An amount of money that cannot be taken as written."""

    code = "INVALID_MONEY"
    reason: str


class NotFound(Refusal):
    """There is nothing of that name that the caller may know of (also said of what exists but is not theirs)."""

    code = "NOT_FOUND"
    http_status = 404


class NotSignedIn(Refusal):
    """The call needs a signed-in caller."""

    code = "NOT_SIGNED_IN"
    http_status = 401


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    code = "NOT_ALLOWED"
    http_status = 403


class InvalidInput(Refusal):
    """A value is outside what the field takes."""

    code = "INVALID_INPUT"
    field: str
    reason: str


class IdempotencyConflict(Refusal):
    """The same key or id came before with other content; the first content stands, nothing was done now."""

    code = "IDEMPOTENCY_CONFLICT"
    http_status = 409
