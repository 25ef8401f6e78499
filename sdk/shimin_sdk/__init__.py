"""What the server side of a mini-app is written with: pure Python, no dependency, the same in the sandbox and outside.

Only this package root and the modules it re-exports run inside the sandbox; ``testing``, ``pack``, ``rules`` and
``cli`` are for the developer's machine and the platform.
"""

from shimin_sdk.app import App
from shimin_sdk.call import Call, Citizen, Payment, Release
from shimin_sdk.document import Operation
from shimin_sdk.errors import (
    AnswerMismatch,
    Conflict,
    ConsentDenied,
    ConsentRequired,
    HostError,
    IdempotencyConflict,
    MiniAppError,
    NotFound,
    QuotaExceeded,
    RateLimited,
    ScopeNotDeclared,
    UpstreamUnavailable,
    UserError,
    ValidationError,
)
from shimin_sdk.host import Host
from shimin_sdk.money import Money
from shimin_sdk.schema import Items, Range, Text

__all__ = [
    "AnswerMismatch",
    "App",
    "Call",
    "Citizen",
    "Conflict",
    "ConsentDenied",
    "ConsentRequired",
    "Host",
    "HostError",
    "IdempotencyConflict",
    "Items",
    "MiniAppError",
    "Money",
    "NotFound",
    "Operation",
    "Payment",
    "QuotaExceeded",
    "Range",
    "RateLimited",
    "Release",
    "ScopeNotDeclared",
    "Text",
    "UpstreamUnavailable",
    "UserError",
    "ValidationError",
]
