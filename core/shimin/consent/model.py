"""What a document asks for, what a citizen decided, and when a decision covers a document: pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shimin.kit.digest import sha256_id
from shimin.kit.ids import CitizenId

GRANT_LIFE = timedelta(days=365)
"""A grant is asked for again after a year."""
DOCUMENTS_MAX = 100
"""Documents that one release may register."""


class GrantState(StrEnum):
    """What became of a decision."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTerms:
    """What one of a release's documents reads, and why: the content of the consent sheet."""

    document_id: str
    """``sha256:…`` of the document's text."""
    name: str
    """Its path in the package: the same document in the next release keeps its name."""
    scopes: tuple[str, ...]
    """What it can read, computed from the document."""
    purpose: Mapping[str, str]
    """Why, in each locale."""
    retention: str
    """How long the department keeps what it read (ISO 8601 duration, ``P0D``: not at all)."""

    @property
    def digest(self) -> str:
        """The name of exactly these terms; the same scopes for another purpose are other terms."""
        content = [self.name, sorted(set(self.scopes)), dict(sorted(self.purpose.items())), self.retention]
        return sha256_id(json.dumps(content, ensure_ascii=False, separators=(",", ":")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A citizen's decision about one document of one app; a later decision is a new revision."""

    id: str
    citizen_id: CitizenId
    app_id: str
    release_id: str
    """The release whose terms were shown."""
    document_id: str
    document_name: str
    revision: int
    """1, 2, 3 … within citizen, app and document."""
    scopes: tuple[str, ...]
    purpose: Mapping[str, str]
    retention: str
    terms: str
    state: GrantState
    receipt_number: str
    granted_at: datetime
    """When it was decided."""
    expires_at: datetime
    withdrawn_at: datetime | None

    def state_at(self, now: datetime) -> GrantState:
        """Return the state, with the passing of time taken into account."""
        return GrantState.EXPIRED if self.state is GrantState.GRANTED and now >= self.expires_at else self.state

    def covers(self, terms: DocumentTerms, now: datetime) -> bool:
        """Tell whether reading under these terms is allowed: in force, same purpose and retention, every scope."""
        return (
            self.state_at(now) is GrantState.GRANTED
            and self.document_name == terms.name
            and dict(self.purpose) == dict(terms.purpose)
            and self.retention == terms.retention
            and set(terms.scopes) <= set(self.scopes)
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """Why a read under a document is allowed, and how far."""

    grant_id: str
    scopes: tuple[str, ...]
    """What the document may read: never more than the document selects, however wide the grant."""
    purpose: Mapping[str, str]


def covering(grants: Iterable[Grant], terms: DocumentTerms, now: datetime) -> Grant | None:
    """Return the grant that allows reading under these terms, if there is one."""
    return next((grant for grant in grants if grant.covers(terms, now)), None)


def was_refused(grants: Iterable[Grant], terms: DocumentTerms) -> bool:
    """Tell whether the citizen has said no to exactly these terms."""
    return any(grant.state is GrantState.REFUSED and grant.terms == terms.digest for grant in grants)


def receipt_number(grant_id: str, at: datetime) -> str:
    """Return the number a citizen can quote: the day and the random end of the grant's id."""
    return f"CS-{at:%Y%m%d}-{grant_id[-10:].upper()}"
