"""What an entry of the log says, and how entries are chained: pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shimin.kit.ids import CitizenId

Outcome = Literal["allowed", "denied", "failed"]
PLATFORM_CHAIN = "platform"
"""The chain of everything that is about no single citizen (releases, appointments, keys)."""
GENESIS = "0" * 64
"""What the first entry of a chain names as its predecessor."""
SCOPES_MAX = 200
TEXT_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One access or deed, as the domain that allowed or denied it describes it."""

    action: str
    """Dotted, such as ``personal.read``, ``consent.granted``, ``release.approved``."""
    citizen_id: CitizenId | None = None
    """Whose affairs it touched; None puts the entry into the platform's chain."""
    outcome: Outcome = "allowed"
    subject: str = ""
    """What it was done to, such as a release's or grant's id."""
    scopes: tuple[str, ...] = ()
    """The personal-data scopes concerned, such as ``insurance.pension.balance``."""
    purpose: Mapping[str, str] = field(default_factory=dict)
    """Why, in each locale, as the citizen was told."""
    basis: str = ""
    """What allows it: ``own``, ``consent:<grant id>`` or ``law:<article>``."""
    source: str = ""
    """Where the data came from, ``<source>/<operation>``."""
    freshness: Literal["live", "cached", ""] = ""
    """Whether the source was asked, or an earlier answer was shown."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Short plain values, such as the code of the refusal; never personal data or secrets."""

    def __post_init__(self) -> None:
        """Hold the entry to its size limits; a longer one is a bug of the caller."""
        texts = (self.action, self.subject, self.basis, self.source, *self.purpose.values(), *self.details.values())
        if len(self.scopes) > SCOPES_MAX or any(len(text) > TEXT_CHARS_MAX for text in texts):
            message = f"an audit entry ({self.action}) is beyond its size limits"
            raise ValueError(message)


def chain_of(entry: Entry) -> str:
    """Return the chain an entry belongs to: the citizen's own, or the platform's."""
    return entry.citizen_id or PLATFORM_CHAIN


HASHED = (
    *("id", "chain", "seq", "at", "action", "outcome", "citizen_id", "actor_kind", "actor_id", "app_id"),
    *("department_id", "document_id", "trace_id", "subject", "scopes", "purpose", "basis", "source"),
    *("freshness", "details"),
)
"""The columns an entry's hash covers: all of them."""


def entry_hash(previous_hash: str, content: Mapping[str, Any]) -> str:
    """Return the hash that binds an entry's content to everything before it in its chain.

    Args:
        previous_hash: 64 hex digits, ``GENESIS`` for the first entry.
        content: a value for each name in ``HASHED``; times are aware, documents plain JSON values.

    Source: FIPS 180-4; the content is written as JSON with sorted keys and no spaces (as in RFC 8785).
    """
    plain = {name: _plain(content[name]) for name in HASHED}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(f"shimin.audit.v1\n{previous_hash}\n{text}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; times in UTC with all six digits, so that both engines agree."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
