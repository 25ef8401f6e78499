"""Payments: asking for one, saying yes or no to it, seeing what became of it."""

from datetime import datetime

import strawberry

from shimin import identity, payments, vault
from shimin.db import Row
from shimin.kit.ids import CitizenId
from shimin.kit.money import Money as Amount
from shimin.kit.refusal import InvalidId, InvalidInput, NotFound
from shimin.ledger import IdempotencyConflict
from shimin.payments import BillDetails, ConfirmPayment, RequestPayment
from shimin.ports.source import SourceUnavailable
from shimin_graphql.context import Context, Info
from shimin_graphql.types.base import CITIZEN, CITIZEN_OR_MINIAPP, Connection, Money, field, mutation

strawberry.enum(payments.PaymentState, description="Where a payment stands.")


@strawberry.type(description="One payment of one bill by the caller.")
class Payment:
    """A payment on the wire."""

    id: strawberry.ID
    state: payments.PaymentState
    amount: Money
    subject: str
    bill_reference: str
    payee: str
    requested_at: datetime
    settled_at: datetime | None
    receipt_number: str | None

    @classmethod
    def of(cls, payment: payments.Payment) -> "Payment":
        """Show a payment of the core."""
        return cls(
            id=strawberry.ID(payment.id),
            state=payment.state,
            amount=Money.of(payment.amount),
            subject=payment.subject,
            bill_reference=payment.bill_reference,
            payee=payment.payee,
            requested_at=payment.requested_at,
            settled_at=payment.settled_at,
            receipt_number=payment.receipt_number,
        )

    @classmethod
    def of_row(cls, row: Row) -> "Payment":
        """Show a row of the view."""
        return cls(
            id=strawberry.ID(row["id"]),
            state=payments.PaymentState(row["state"]),
            amount=Money.of(Amount(row["amount_minor"], row["currency"])),
            subject=row["subject"],
            bill_reference=row["bill_reference"],
            payee=row["payee"],
            requested_at=row["requested_at"],
            settled_at=row["settled_at"],
            receipt_number=row["receipt_number"],
        )


@strawberry.input
class RequestPaymentInput:
    """A bill to pay."""

    id: strawberry.ID = strawberry.field(
        description="Made by the client: pay_ and 32 hexadecimal digits. The same id asks for the same payment."
    )
    source: str = strawberry.field(description="Name of the department's registered source, such as hrss.")
    bill_reference: str


@strawberry.input
class ConfirmPaymentInput:
    """The payment to say yes to."""

    id: strawberry.ID


@strawberry.input
class CancelPaymentInput:
    """The payment to say no to."""

    id: strawberry.ID


@strawberry.type
class PaymentsQuery:
    """Reading payments."""

    @field(allow=CITIZEN_OR_MINIAPP)
    async def payment(self, info: Info, id: strawberry.ID) -> Payment | None:  # noqa: A002
        """One payment of the caller; a mini-app sees those it asked for itself."""
        async with info.context.platform.db.reader() as reader:
            row = await payments.find_payment(info.context.call, id, reader=reader)
        return Payment.of_row(row) if row else None

    @field(allow=CITIZEN_OR_MINIAPP)
    async def payments(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Payment]:
        """The caller's payments, newest first, at most 100 a page; a mini-app sees those it asked for itself."""
        async with info.context.platform.db.reader() as reader:
            page = await payments.payments_page(info.context.call, reader=reader, first=first, after=after)
        nodes = [Payment.of_row(row) for row in page.rows]
        return Connection[Payment].of(zip(page.cursors, nodes, strict=True), has_next=page.has_next)


@strawberry.type
class PaymentsMutation:
    """Paying."""

    @mutation(
        allow=CITIZEN_OR_MINIAPP,
        refuses=[
            payments.BillAlreadyPaid,
            payments.BillNotPayable,
            vault.BillNotFound,
            IdempotencyConflict,
            identity.AssuranceTooLow,
            SourceUnavailable,
            InvalidId,
            InvalidInput,
        ],
    )
    async def request_payment(self, info: Info, input: RequestPaymentInput) -> Payment:  # noqa: A002
        """Prepare the payment of a department's bill; nothing is paid before the citizen confirms it."""
        context = info.context
        async with context.platform.db.reader() as reader:
            earlier = await payments.requested_before(
                context.call, input.id, source=input.source, bill_reference=input.bill_reference, reader=reader
            )
        if earlier:
            return Payment.of(earlier)
        order = RequestPayment(input.id, await _read_bill(context, input))
        async with context.platform.db.unit() as unit:
            payment = await payments.request(context.call, order, unit=unit, clock=context.platform.clock)
        return Payment.of(payment)

    @mutation(
        allow=CITIZEN,
        refuses=[
            NotFound,
            payments.PaymentEnded,
            payments.PaymentsClosed,
            payments.BillAlreadyPaid,
            payments.BillBeingPaid,
            payments.BillChanged,
            identity.AssuranceTooLow,
        ],
    )
    async def confirm_payment(self, info: Info, input: ConfirmPaymentInput) -> Payment:  # noqa: A002
        """Say yes to a payment, in person; confirming again changes nothing."""
        platform = info.context.platform
        if not platform.channel.is_open:
            raise payments.PaymentsClosed
        order = ConfirmPayment(input.id, channel=platform.channel.name)
        async with platform.db.unit() as unit:
            payment = await payments.confirm(info.context.call, order, unit=unit, clock=platform.clock)
        return Payment.of(payment)

    @mutation(allow=CITIZEN, refuses=[NotFound, payments.PaymentEnded])
    async def cancel_payment(self, info: Info, input: CancelPaymentInput) -> Payment:  # noqa: A002
        """Say no to a payment that was not confirmed, in person."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            payment = await payments.cancel(info.context.call, input.id, unit=unit, clock=platform.clock)
        return Payment.of(payment)


async def _read_bill(context: Context, asked: RequestPaymentInput) -> BillDetails:
    """Read the bill from its department, under the law that lets a bill be read because its owner pays it."""
    platform = context.platform
    found = await vault.read_bill(
        context.call,
        asked.source,
        asked.bill_reference,
        db=platform.db,
        source=platform.source,
        sources=platform.sources,
        clock=platform.clock,
    )
    return BillDetails(
        source=asked.source,
        department_id=found.department_id,
        reference=found.reference,
        title=found.title,
        payee=found.payee,
        amount=found.amount,
        due_on=found.due_on,
        for_citizen=CitizenId(context.call.need_citizen()),
        state=found.state,
    )
