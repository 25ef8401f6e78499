"""Consent: what citizens allowed mini-apps to read, allowing, refusing and taking back."""

from datetime import datetime

import strawberry

from shimin import consent
from shimin.db import Row, read_page
from shimin.kit.call import Locale
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Info
from shimin_graphql.types.audit import PersonalScope
from shimin_graphql.types.base import CITIZEN, Connection, field, mutation

strawberry.enum(consent.GrantState, description="What became of a decision.")


@strawberry.type(description="A citizen's decision about what one document of a mini-app may read; also its receipt.")
class Consent:
    """A decision on the wire."""

    id: strawberry.ID
    app_id: strawberry.ID
    document_id: strawberry.ID
    document_name: str
    revision: int
    fields: list[PersonalScope]
    purpose: str
    retention: str = strawberry.field(description="How long the department keeps what it read (ISO 8601 duration).")
    state: consent.GrantState
    receipt_number: str
    granted_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, grant: consent.Grant, locale: Locale, now: datetime) -> "Consent":
        """Show a decision in the caller's language."""
        return cls(
            id=strawberry.ID(grant.id),
            app_id=strawberry.ID(grant.app_id),
            document_id=strawberry.ID(grant.document_id),
            document_name=grant.document_name,
            revision=grant.revision,
            fields=PersonalScope.list_of(grant.scopes, locale),
            purpose=grant.purpose.get(locale, ""),
            retention=grant.retention,
            state=grant.state_at(now),
            receipt_number=grant.receipt_number,
            granted_at=grant.granted_at,
            expires_at=grant.expires_at,
            withdrawn_at=grant.withdrawn_at,
        )

    @classmethod
    def of_row(cls, row: Row, locale: Locale, now: datetime) -> "Consent":
        """Show a row of the view in the caller's language."""
        return cls.of(consent.grant_of(row), locale, now)


@strawberry.input
class DecideConsentInput:
    """What is decided about: a document of a mini-app, as its consent sheet named them."""

    app_id: strawberry.ID
    document_id: strawberry.ID
    terms: strawberry.ID | None = strawberry.field(
        default=None, description="The sheet's terms: binds the decision to exactly what was shown."
    )

    def order(self) -> consent.Decide:
        """Return what the core takes."""
        return consent.Decide(app_id=self.app_id, document_id=self.document_id, terms=self.terms)


@strawberry.input
class GrantConsentInput(DecideConsentInput):
    """What is allowed."""


@strawberry.input
class RefuseConsentInput(DecideConsentInput):
    """What is refused."""


@strawberry.input
class WithdrawConsentInput:
    """Which grant ends."""

    grant_id: strawberry.ID


@strawberry.type
class ConsentQuery:
    """Reading one's decisions."""

    @field(allow=CITIZEN)
    async def consents(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Consent]:
        """The caller's decisions, newest first; at most 100 a page."""
        call, platform = info.context.call, info.context.platform
        async with platform.db.reader() as reader:
            page = await read_page(reader, consent.GRANTS, call, order="newest", first=first, after=after)
        now = platform.clock.now()
        nodes = [Consent.of_row(row, call.locale, now) for row in page.rows]
        return Connection[Consent].of(zip(page.cursors, nodes, strict=True), has_next=page.has_next)


@strawberry.type
class ConsentMutation:
    """Deciding, in person."""

    @mutation(allow=CITIZEN, refuses=[consent.DocumentNotRegistered])
    async def grant_consent(self, info: Info, input: GrantConsentInput) -> Consent:  # noqa: A002
        """Allow a mini-app to read what its document reads; a repeat gives the same grant."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            made = await consent.grant(info.context.call, input.order(), unit=unit, clock=platform.clock)
        return Consent.of(made, info.context.call.locale, platform.clock.now())

    @mutation(allow=CITIZEN, refuses=[consent.DocumentNotRegistered])
    async def refuse_consent(self, info: Info, input: RefuseConsentInput) -> Consent:  # noqa: A002
        """Say no, so that nobody asks again; what was allowed of it ends."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            made = await consent.refuse(info.context.call, input.order(), unit=unit, clock=platform.clock)
        return Consent.of(made, info.context.call.locale, platform.clock.now())

    @mutation(allow=CITIZEN, refuses=[NotFound])
    async def withdraw_consent(self, info: Info, input: WithdrawConsentInput) -> Consent:  # noqa: A002
        """End a grant, at once; a repeat changes nothing."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            ended = await consent.withdraw(info.context.call, input.grant_id, unit=unit, clock=platform.clock)
        return Consent.of(ended, info.context.call.locale, platform.clock.now())
