"""Mini-apps as citizens use them: one call in, one answer out, every host call checked."""

from shimin.miniapps.broker import CallMiniApp, call_mini_app
from shimin.miniapps.errors import (
    DocumentNotDeclared,
    IdempotencyKeyMissing,
    MiniAppAnswerInvalid,
    MiniAppRefused,
    ServiceNotAvailable,
)
from shimin.miniapps.subject import pairwise_subject

__all__ = [
    "CallMiniApp",
    "DocumentNotDeclared",
    "IdempotencyKeyMissing",
    "MiniAppAnswerInvalid",
    "MiniAppRefused",
    "ServiceNotAvailable",
    "call_mini_app",
    "pairwise_subject",
]
