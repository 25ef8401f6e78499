"""Personal data out of departments' systems of record; every leaf names the scope it is consented under."""

from datetime import date, datetime

import strawberry

from shimin import vault
from shimin.kit.money import Money as Amount
from shimin_graphql.context import Info
from shimin_graphql.engine.cost import REMOTE_COST
from shimin_graphql.types.base import CITIZEN_OR_MINIAPP, Money, field, personal


@strawberry.type(description="A pension insurance account.")
class PensionAccount:
    """A pension account on the wire; a part outside a mini-app's consent is null."""

    balance: Money | None = personal("insurance.pension.balance")
    months_paid: int | None = personal("insurance.pension.months_paid")
    as_of: datetime = strawberry.field(description="When the department said so.")


@strawberry.type(description="A medical insurance account.")
class MedicalAccount:
    """A medical account on the wire."""

    balance: Money | None = personal("insurance.medical.balance")


@strawberry.type(description="A bill of the social insurance office.")
class InsuranceBill:
    """A bill on the wire; a part outside a mini-app's consent is null."""

    reference: strawberry.ID | None = personal("insurance.bill.title")
    title: str | None = personal("insurance.bill.title")
    amount: Money | None = personal("insurance.bill.amount")
    due_on: date | None = personal("insurance.bill.due_on")
    state: str | None = personal("insurance.bill.state", description="DUE, PAID or VOID.")


@strawberry.type(description="A citizen's social insurance, as the department holds it.")
class SocialInsurance:
    """Social insurance on the wire; an account the department does not hold is null."""

    pension: PensionAccount | None
    medical: MedicalAccount | None
    bills: list[InsuranceBill]
    is_cached: bool = strawberry.field(description="The department gave no answer; this is its last one, see asOf.")

    @classmethod
    def of(cls, held: vault.SocialInsurance) -> "SocialInsurance":
        """Show what the vault let through."""
        return cls(
            pension=PensionAccount(
                balance=_money(held.pension.balance), months_paid=held.pension.months_paid, as_of=held.as_of
            )
            if held.pension
            else None,
            medical=MedicalAccount(balance=_money(held.medical.balance)) if held.medical else None,
            bills=[
                InsuranceBill(
                    reference=strawberry.ID(bill.reference) if bill.reference else None,
                    title=bill.title,
                    amount=_money(bill.amount),
                    due_on=bill.due_on,
                    state=bill.state,
                )
                for bill in held.bills
            ],
            is_cached=held.cached,
        )


def _money(amount: Amount | None) -> Money | None:
    return Money.of(amount) if amount else None


@strawberry.type
class VaultQuery:
    """Reading one's records."""

    @field(allow=CITIZEN_OR_MINIAPP, cost=REMOTE_COST)
    async def social_insurance(self, info: Info) -> SocialInsurance:
        """Accounts and bills of the citizen, straight from the department; a mini-app needs their consent."""
        platform = info.context.platform
        held = await vault.read_social_insurance(
            info.context.call, db=platform.db, source=platform.source, clock=platform.clock
        )
        return SocialInsurance.of(held)
