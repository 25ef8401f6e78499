"""The log: citizens see every access to their data, auditors the platform's own deeds."""

from datetime import datetime
from enum import Enum

import strawberry

from shimin import audit
from shimin.db import InLanguage, Is, Labelled, Member, Same
from shimin_graphql.types.access import CITIZEN, HOLDER, object_type, role
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import each, pages, rows, value


@strawberry.enum(description="What came of an access.")
class AccessOutcome(Enum):
    """Allowed, denied (no reason to), or failed (the source gave no answer)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"


@object_type(allow=HOLDER, description="A kind of personal data, and what it is called in the caller's language.")
class PersonalScope:
    """A scope with its words."""

    scope: str
    label: str


@rows(audit.ACCESS_LOG)
@object_type(allow=HOLDER, description="One entry of the log: who did what, to which data, why and on which basis.")
class AccessEntry(Node):
    """An entry on the wire."""

    at: datetime
    action: str
    outcome: AccessOutcome
    actor_kind: str
    app_id: strawberry.ID | None
    department_id: strawberry.ID | None
    fields: list[PersonalScope] = each("scopes", scope=Same("item"), label=Labelled("item", "scope."))
    purpose: str = value(InLanguage("purpose"))
    basis: str = strawberry.field(description="own, consent:<grant id> or law:<article>.")
    subject: str
    source: str
    is_cached: bool = value(
        Is("freshness", "cached"), description="An earlier answer of the source was shown; it was not asked."
    )
    via: str | None = value(
        Member("details", "via"), description="The mini-apps that asked for it, the one the citizen called first."
    )
    refusal: str | None = value(
        Member("details", "refusal"), description="The code of the refusal, where access was denied or failed."
    )


@strawberry.type
class AuditQuery:
    """Reading the log."""

    access_log = pages(
        AccessEntry,
        audit.ACCESS_LOG,
        order="newest",
        allow=CITIZEN,
        description="Every access to the caller's own data, allowed or not, newest first; at most 100 a page.",
    )
    platform_log = pages(
        AccessEntry,
        audit.PLATFORM_LOG,
        order="newest",
        allow=role("auditor"),
        description="What the platform's own people did, newest first; at most 100 a page."
        " No citizen's entry is in it.",
    )
