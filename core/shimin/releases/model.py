"""A release of a mini-app: its states, which command leads where, and what an approval is bound to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shimin.kit.document import DocumentScopes
from shimin.kit.ids import DepartmentId
from shimin.releases.errors import InvalidTransition

PACKAGE_BYTES_MAX = 30 * 1024 * 1024


class State(StrEnum):
    """Where a release is on its way from upload to citizens."""

    CHECKING = "CHECKING"
    CHECK_FAILED = "CHECK_FAILED"
    READY = "READY"
    IN_REVIEW = "IN_REVIEW"
    REJECTED = "REJECTED"
    APPROVED = "APPROVED"
    LIVE = "LIVE"
    SUPERSEDED = "SUPERSEDED"
    SUSPENDED = "SUSPENDED"


TRANSITIONS: dict[tuple[State, str], State] = {
    (State.CHECKING, "pass_check"): State.READY,
    (State.CHECKING, "fail_check"): State.CHECK_FAILED,
    (State.READY, "submit"): State.IN_REVIEW,
    (State.IN_REVIEW, "withdraw"): State.READY,
    (State.IN_REVIEW, "approve"): State.APPROVED,
    (State.IN_REVIEW, "reject"): State.REJECTED,
    (State.APPROVED, "release"): State.LIVE,
    (State.LIVE, "supersede"): State.SUPERSEDED,
    (State.LIVE, "suspend"): State.SUSPENDED,
    (State.SUSPENDED, "lift"): State.LIVE,
}


def after(state: State, command: str) -> State:
    """Return the state a command leads to.

    Raises:
        InvalidTransition: the command does not fit the state.
    """
    target = TRANSITIONS.get((state, command))
    if target is None:
        allowed = sorted(name for (start, name) in TRANSITIONS if start is state)
        raise InvalidTransition(state=state.value, command=command, allowed=allowed)
    return target


@dataclass(frozen=True, slots=True)
class ReleaseDocument:
    """One of a release's GraphQL documents: where it lies, its text, what it reads and why."""

    path: str
    text: str
    purpose: dict[str, str]
    """Words per locale."""
    retention: str
    """ISO 8601 duration for which the department keeps what it read."""
    scopes: DocumentScopes


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a mini-app as everybody sees it."""

    id: str
    app_id: str
    department_id: DepartmentId
    version_code: int
    version_name: str
    name: dict[str, str]
    state: State
    digest: str
    """Of the canonical package: what is approved and what runs."""
    uploaded_by: str
    uploaded_at: datetime
    approved_by: str | None
    findings: tuple[str, ...]
    artifact: "Artifact | None"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the platform built from a package: blob keys, digests and the platform's signature."""

    component_key: str
    compiled_key: str
    component_digest: str
    compiled_digest: str
    signature: str
    engine: str
