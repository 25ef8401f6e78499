"""What the server side of a mini-app is written with: pure Python, no dependency, the same in the sandbox and outside.

Only this package root and the modules it re-exports run inside the sandbox; ``testing``, ``pack``, ``rules`` and
``cli`` are for the developer's machine and the platform.
"""

from shimin_sdk.app import App
from shimin_sdk.bounds import Items, Range, Text
from shimin_sdk.call import Call, Citizen, Payment, Release
from shimin_sdk.connector import Reply
from shimin_sdk.document import Asked, Input, Operation
from shimin_sdk.doors import FileInfo, Stored
from shimin_sdk.errors import (
    AnswerMismatch,
    Conflict,
    ConsentDenied,
    ConsentRequired,
    HostError,
    IdempotencyConflict,
    MiniAppError,
    NotAvailable,
    NotFound,
    QuotaExceeded,
    RateLimited,
    ScopeNotDeclared,
    UpstreamUnavailable,
    UserError,
    ValidationError,
)
from shimin_sdk.facts import PaymentFailed, PaymentRefunded, PaymentSettled
from shimin_sdk.host import Host
from shimin_sdk.money import Money
from shimin_sdk.pages import Page, PageAsked

__all__ = [
    "AnswerMismatch",
    "App",
    "Asked",
    "Call",
    "Citizen",
    "Conflict",
    "ConsentDenied",
    "ConsentRequired",
    "FileInfo",
    "Host",
    "HostError",
    "IdempotencyConflict",
    "Input",
    "Items",
    "MiniAppError",
    "Money",
    "NotAvailable",
    "NotFound",
    "Operation",
    "Page",
    "PageAsked",
    "Payment",
    "PaymentFailed",
    "PaymentRefunded",
    "PaymentSettled",
    "QuotaExceeded",
    "Range",
    "RateLimited",
    "Release",
    "Reply",
    "ScopeNotDeclared",
    "Stored",
    "Text",
    "UpstreamUnavailable",
    "UserError",
    "ValidationError",
]
