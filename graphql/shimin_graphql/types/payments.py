"""Payments: asking for one, saying yes or no to it, seeing what became of it."""

from datetime import date, datetime

import strawberry

from shimin import departments, identity, payments, vault
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import IdempotencyConflict, InvalidId, InvalidInput, NotFound
from shimin.payments import BILLS, PAYMENTS, BillDetails, ConfirmPayment, RequestPayment
from shimin.ports.source import SourceUnavailable
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.cost import REMOTE_COST
from shimin_graphql.types.access import CITIZEN, CITIZEN_OR_MINIAPP, HOLDER, object_type
from shimin_graphql.types.base import Money, mutation
from shimin_graphql.types.departments import Department
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import link, one, pages, part, rows, show, viewpoint

strawberry.enum(payments.PaymentState, description="Where a payment stands.")


@rows(payments.PAYMENTS)
@object_type(allow=HOLDER, description="One payment of one bill by the caller.")
class Payment(Node):
    """A payment on the wire."""

    state: payments.PaymentState
    amount: Money = part(amount_minor="amount_minor", currency="currency")
    subject: str
    bill_reference: str
    payee: str
    requested_at: datetime
    settled_at: datetime | None
    receipt_number: str | None

    @classmethod
    def of(cls, payment: payments.Payment, context: Context) -> "Payment":
        """Show a payment of the core."""
        shown: Payment = show(cls, payments.row_of(payment), viewpoint(context))
        return shown


@rows(payments.BILLS)
@object_type(allow=HOLDER, description="A department's bill to the caller.")
class Bill(Node):
    """A bill on the wire."""

    department_id: strawberry.ID
    department: Department | None = link(Department, departments.DEPARTMENTS, column="department_id", key="id")
    reference: str
    title: str
    payee: str
    amount: Money = part(amount_minor="amount_minor", currency="currency")
    due_on: date


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

    payment = one(
        Payment,
        PAYMENTS,
        argument="id",
        column="id",
        allow=CITIZEN_OR_MINIAPP,
        description="One payment of the caller; a mini-app sees those it asked for itself.",
    )
    payments = pages(
        Payment,
        PAYMENTS,
        order="newest",
        allow=CITIZEN_OR_MINIAPP,
        description="The caller's payments, newest first, at most 100 a page; a mini-app sees those it asked for"
        " itself.",
    )
    bills = pages(
        Bill,
        BILLS,
        order="due",
        where={"state": "OPEN"},
        allow=CITIZEN,
        description="The caller's bills that wait to be paid, the most urgent first; at most 100 a page.",
    )


@strawberry.type
class PaymentsMutation:
    """Paying."""

    @mutation(
        allow=CITIZEN_OR_MINIAPP,
        cost=REMOTE_COST,
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
            return Payment.of(earlier, context)
        order = RequestPayment(input.id, await _read_bill(context, input))
        async with context.platform.db.unit() as unit:
            payment = await payments.request(context.call, order, unit=unit, clock=context.platform.clock)
        return Payment.of(payment, info.context)

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
        return Payment.of(payment, info.context)

    @mutation(allow=CITIZEN, refuses=[NotFound, payments.PaymentEnded])
    async def cancel_payment(self, info: Info, input: CancelPaymentInput) -> Payment:  # noqa: A002
        """Say no to a payment that was not confirmed, in person."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            payment = await payments.cancel(info.context.call, input.id, unit=unit, clock=platform.clock)
        return Payment.of(payment, info.context)


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
