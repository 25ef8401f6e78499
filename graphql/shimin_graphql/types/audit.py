"""The log: citizens see every access to their data, auditors the platform's own deeds."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import strawberry

from shimin import audit
from shimin.db import Row, View, read_page
from shimin.kit.call import Locale
from shimin.kit.text import say
from shimin_graphql.context import Info
from shimin_graphql.types.base import CITIZEN, Connection, field, role


@strawberry.enum(description="What came of an access.")
class AccessOutcome(Enum):
    """Allowed, denied (no reason to), or failed (the source gave no answer)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"


@strawberry.type(description="A kind of personal data, and what it is called in the caller's language.")
class PersonalScope:
    """A scope with its words."""

    scope: str
    label: str

    @classmethod
    def list_of(cls, scopes: Iterable[str], locale: Locale) -> "list[PersonalScope]":
        """Return scopes with their words."""
        return [cls(scope=scope, label=say(f"scope.{scope}", locale)) for scope in scopes]


@strawberry.type(description="One entry of the log: who did what, to which data, why and on which basis.")
class AccessEntry:
    """An entry on the wire."""

    id: strawberry.ID
    at: datetime
    action: str
    outcome: AccessOutcome
    actor_kind: str
    app_id: strawberry.ID | None
    department_id: strawberry.ID | None
    fields: list[PersonalScope]
    purpose: str
    basis: str = strawberry.field(description="own, consent:<grant id> or law:<article>.")
    subject: str
    source: str
    is_cached: bool = strawberry.field(description="An earlier answer of the source was shown; it was not asked.")
    refusal: str | None = strawberry.field(description="The code of the refusal, where access was denied or failed.")

    @classmethod
    def of(cls, row: Row, locale: Locale) -> "AccessEntry":
        """Show an entry in the caller's language."""
        return cls(
            id=strawberry.ID(row["id"]),
            at=row["at"],
            action=row["action"],
            outcome=AccessOutcome(row["outcome"]),
            actor_kind=row["actor_kind"],
            app_id=strawberry.ID(row["app_id"]) if row["app_id"] else None,
            department_id=strawberry.ID(row["department_id"]) if row["department_id"] else None,
            fields=PersonalScope.list_of(row["scopes"], locale),
            purpose=row["purpose"].get(locale, ""),
            basis=row["basis"],
            subject=row["subject"],
            source=row["source"],
            is_cached=row["freshness"] == "cached",
            refusal=row["details"].get("refusal"),
        )


@strawberry.type
class AuditQuery:
    """Reading the log."""

    @field(allow=CITIZEN)
    async def access_log(self, info: Info, first: int = 20, after: str | None = None) -> Connection[AccessEntry]:
        """Every access to the caller's own data, allowed or not, newest first; at most 100 a page."""
        return await _page(info, audit.ACCESS_LOG, first, after)

    @field(allow=role("auditor"))
    async def platform_log(self, info: Info, first: int = 20, after: str | None = None) -> Connection[AccessEntry]:
        """What the platform's own people did, newest first; at most 100 a page. No citizen's entry is in it."""
        return await _page(info, audit.PLATFORM_LOG, first, after)


async def _page(info: Info, view: View, first: int, after: str | None) -> Connection[AccessEntry]:
    """Read a page of one of the logs; the view decides who sees what."""
    call = info.context.call
    async with info.context.platform.db.reader() as reader:
        page = await read_page(reader, view, call, order="newest", first=first, after=after)
    nodes = [AccessEntry.of(row, call.locale) for row in page.rows]
    return Connection[AccessEntry].of(zip(page.cursors, nodes, strict=True), has_next=page.has_next)
