"""Consent: what citizens allowed mini-apps to read, allowing, refusing and taking back."""

from datetime import datetime

import strawberry

from shimin import consent
from shimin.db import InLanguage, Labelled, Same
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Context, Info
from shimin_graphql.types.access import CITIZEN, HOLDER, object_type
from shimin_graphql.types.audit import PersonalScope
from shimin_graphql.types.base import mutation
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import each, pages, rows, show, value, viewpoint

strawberry.enum(consent.GrantState, description="What became of a decision.")


@rows(consent.GRANTS)
@object_type(
    allow=HOLDER, description="A citizen's decision about what one document of a mini-app may read; also its receipt."
)
class Consent(Node):
    """A decision on the wire."""

    app_id: strawberry.ID
    document_id: strawberry.ID
    document_name: str
    revision: int
    fields: list[PersonalScope] = each("scopes", scope=Same("item"), label=Labelled("item", "scope."))
    purpose: str = value(InLanguage("purpose"))
    retention: str = strawberry.field(description="How long the department keeps what it read (ISO 8601 duration).")
    state: consent.GrantState = value(consent.STATE)
    receipt_number: str
    granted_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, grant: consent.Grant, context: Context) -> "Consent":
        """Show a decision in the caller's language."""
        shown: Consent = show(cls, consent.row_of(grant), viewpoint(context))
        return shown


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

    consents = pages(
        Consent,
        consent.GRANTS,
        order="newest",
        allow=CITIZEN,
        description="The caller's decisions, newest first; at most 100 a page.",
    )


@strawberry.type
class ConsentMutation:
    """Deciding, in person."""

    @mutation(allow=CITIZEN, refuses=[consent.DocumentNotRegistered])
    async def grant_consent(self, info: Info, input: GrantConsentInput) -> Consent:  # noqa: A002
        """Allow a mini-app to read what its document reads; a repeat gives the same grant."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            made = await consent.grant(info.context.call, input.order(), unit=unit, clock=platform.clock)
        return Consent.of(made, info.context)

    @mutation(allow=CITIZEN, refuses=[consent.DocumentNotRegistered])
    async def refuse_consent(self, info: Info, input: RefuseConsentInput) -> Consent:  # noqa: A002
        """Say no, so that nobody asks again; what was allowed of it ends."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            made = await consent.refuse(info.context.call, input.order(), unit=unit, clock=platform.clock)
        return Consent.of(made, info.context)

    @mutation(allow=CITIZEN, refuses=[NotFound])
    async def withdraw_consent(self, info: Info, input: WithdrawConsentInput) -> Consent:  # noqa: A002
        """End a grant, at once; a repeat changes nothing."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            ended = await consent.withdraw(info.context.call, input.grant_id, unit=unit, clock=platform.clock)
        return Consent.of(ended, info.context)
