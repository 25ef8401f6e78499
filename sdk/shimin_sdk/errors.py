"""The errors a mini-app can end with: a stable code, words for the citizen, and detail for the phone."""

# ruff: noqa: N818 - the names are those of the answers, which are the core's

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from shimin_sdk.codes import HELP, number_of


class MiniAppError(Exception):
    """An end that the caller is told of; any other exception is a bug and shows nothing of itself.

    Attributes:
        code: stable, for programs.
        message: words for the citizen in their language.
        detail: one JSON object as text, or None; ``details`` is the object.
        request_id: which request of the phone it answers; empty where the platform named none.
    """

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later without change."""

    def __init__(self, code: str, message: str = "", detail: str | None = None) -> None:
        """Keep the three parts as they are."""
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.detail = detail
        self.request_id = ""

    @property
    def number(self) -> int:
        """The code as a number that a citizen can read out: ``shimin_sdk.codes``."""
        return number_of(self.code)

    @property
    def help(self) -> str:
        """What the developer does about it; empty for the mini-app's own codes."""
        return HELP.get(self.code, "")

    @property
    def details(self) -> Mapping[str, Any]:
        """The detail as an object; empty where there is none or it is no object."""
        try:
            found = json.loads(self.detail or "{}")
        except ValueError:
            return {}
        return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def params(self) -> Mapping[str, Any]:
        """The same as ``details``."""
        return self.details

    def as_json(self) -> dict[str, Any]:
        """Return everything about it, for programs."""
        return {
            "code": self.code,
            "number": self.number,
            "message": self.message,
            "details": dict(self.details),
            "retryable": self.retryable,
            "requestId": self.request_id,
            "help": self.help,
        }


class UserError(MiniAppError):
    """The mini-app says no in its own words: the code is a key of its ``i18n`` texts."""

    def __init__(self, code: str, **params: str | int | bool) -> None:
        """Name the text and the values of its placeholders.

        Args:
            code: a key of ``i18n/<locale>.json``, such as ``bill.already_paid``.
            params: values for ``{name}`` in the text; also sent to the page.
        """
        super().__init__(code, "", json.dumps(params, ensure_ascii=False) if params else None)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    ``path`` is where (``input.billReference``); ``reason`` one of missing, unknown, type, too_short, too_long,
    too_small, too_big, pattern, not_allowed, too_many, too_few, too_deep, refused; ``expected`` says what fits.
    """

    path: str
    reason: str
    expected: str = ""

    def __str__(self) -> str:
        """Return one line without the offending value, which may be personal."""
        return f"{self.path}: {self.reason}" + (f" (expected {self.expected})" if self.expected else "")


class ValidationError(MiniAppError):
    """The input does not fit what the operation declares."""

    def __init__(self, problems: Sequence[Problem], code: str = "VALIDATION_FAILED") -> None:
        """Keep every problem; none holds the value that was sent."""
        self.problems = tuple(problems)
        found = [{"path": p.path, "reason": p.reason, "expected": p.expected} for p in problems]
        super().__init__(code, "; ".join(map(str, problems)), json.dumps({"problems": found}, ensure_ascii=False))


class HostError(MiniAppError):
    """The core refused what the mini-app asked for; ``typed`` gives the class that fits the code."""

    def typed(self) -> "HostError":
        """Return the same refusal as the most fitting subclass, so that a handler can catch what it expects."""
        kind = _BY_CODE.get(self.code)
        return self if kind is None or isinstance(self, kind) else kind(self.code, self.message, self.detail)


class ConsentRequired(HostError):
    """The citizen has not agreed to what the document reads.

    Let it through: the phone shows the consent sheet and, if the citizen agrees, repeats the call.
    """

    @property
    def document_id(self) -> str:
        """The document to agree to (``sha256:…``)."""
        return str(self.details.get("document_id", ""))

    @property
    def purpose(self) -> str:
        """What it is read for, in the citizen's language."""
        return str(self.details.get("purpose", ""))

    @property
    def fields(self) -> tuple[Mapping[str, str], ...]:
        """``scope`` and ``label`` of each field."""
        found = self.details.get("fields", [])
        fields = cast("list[Mapping[str, str]]", found) if isinstance(found, list) else []
        return tuple(item for item in fields if isinstance(item, dict))


class ConsentDenied(HostError):
    """The citizen said no before and is not asked again."""


class NotFound(HostError):
    """There is nothing of that name that this citizen may know of."""


class Conflict(HostError):
    """Something else happened first, such as another payment of the same bill."""


class IdempotencyConflict(Conflict):
    """The same key came with other content."""


class RateLimited(HostError):
    """Too many calls in too short a time."""

    retryable = True


class UpstreamUnavailable(HostError):
    """A department's system of record did not answer in time or in form."""

    retryable = True


class QuotaExceeded(HostError):
    """A limit of this one call is reached, such as its number of host calls."""


class ScopeNotDeclared(HostError):
    """The package does not declare the document, connector, payment or message that was asked for."""


class NotAvailable(HostError):
    """The platform that runs the mini-app does not offer this service (yet)."""

    def __init__(self, code: str = "SERVICE_NOT_AVAILABLE", message: str = "", detail: str | None = None) -> None:
        """Say which service."""
        super().__init__(code, message, detail)


class AnswerMismatch(Exception):
    """The data of a document does not fit the dataclass it is read into: a mistake in the mini-app.

    The message names the paths and never the values, which may be personal.
    """


_BY_CODE: Mapping[str, type[HostError]] = {
    "CONSENT_REQUIRED": ConsentRequired,
    "CONSENT_DENIED": ConsentDenied,
    "NOT_FOUND": NotFound,
    "BILL_NOT_FOUND": NotFound,
    "BILL_ALREADY_PAID": Conflict,
    "BILL_BEING_PAID": Conflict,
    "BILL_CHANGED": Conflict,
    "BILL_NOT_PAYABLE": Conflict,
    "PAYMENT_ENDED": Conflict,
    "INVALID_TRANSITION": Conflict,
    "STORE_CONFLICT": Conflict,
    "IDEMPOTENCY_CONFLICT": IdempotencyConflict,
    "RATE_LIMITED": RateLimited,
    "SOURCE_UNAVAILABLE": UpstreamUnavailable,
    "UPSTREAM_UNAVAILABLE": UpstreamUnavailable,
    "DEADLINE_EXCEEDED": UpstreamUnavailable,
    "HOST_CALLS_EXCEEDED": QuotaExceeded,
    "CONNECTOR_BUSY": QuotaExceeded,
    "STORE_FULL": QuotaExceeded,
    "MESSAGES_EXCEEDED": QuotaExceeded,
    "DOCUMENT_NOT_DECLARED": ScopeNotDeclared,
    "DOCUMENT_NOT_REGISTERED": ScopeNotDeclared,
    "CONNECTOR_NOT_AVAILABLE": ScopeNotDeclared,
    "PAYMENT_NOT_DECLARED": ScopeNotDeclared,
    "MESSAGE_NOT_DECLARED": ScopeNotDeclared,
    "SERVICE_NOT_DECLARED": ScopeNotDeclared,
    "SERVICE_CHAIN_REFUSED": QuotaExceeded,
    "SERVICE_UNAVAILABLE": UpstreamUnavailable,
    "SERVICE_NOT_OFFERED": UpstreamUnavailable,
    "SERVICE_NOT_AVAILABLE": NotAvailable,
}
