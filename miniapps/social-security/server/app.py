"""Social security of Linhai: what a citizen has in their accounts, what they owe, and paying it."""

from dataclasses import dataclass
from typing import Annotated, Any

from accounts import OVERVIEW, Bill, Medical, Pension

from shimin_sdk import App, Call, Money, Text, UserError

SOURCE = "hrss"
"""The department's system of record, as the platform registers it."""

app = App()


@dataclass(frozen=True)
class Overview:
    """What the first page shows."""

    pension: Pension | None
    medical: Medical | None
    bills_due: list[Bill]
    total_due: Money
    summary: str


@dataclass(frozen=True)
class PayBill:
    """Which bill to pay."""

    bill_reference: Annotated[str, Text(chars_min=1, chars_max=64, pattern="[A-Za-z0-9][A-Za-z0-9._/-]*")]


@dataclass(frozen=True)
class PaymentAsked:
    """The payment that the citizen confirms at the cashier."""

    payment_id: str
    state: str
    amount: Money


@app.query
def overview(call: Call) -> Overview:
    """Return both accounts and the bills that are due, the most urgent first."""
    insurance = call.execute(OVERVIEW).social_insurance
    due = sorted((bill for bill in insurance.bills if bill.is_due), key=lambda bill: (bill.due_on, bill.reference))
    total = sum((bill.amount for bill in due), Money(0))
    code = "overview.nothing_due" if not due else "overview.one_due" if len(due) == 1 else "overview.many_due"
    return Overview(
        pension=insurance.pension,
        medical=insurance.medical,
        bills_due=due,
        total_due=total,
        summary=call.text(code, count=len(due), amount=total.decimal()),
    )


@app.action
def pay_bill(call: Call, form: PayBill) -> PaymentAsked:
    """Ask for a payment of one bill that is due; the amount is the bill's, never the page's."""
    bills = {bill.reference: bill for bill in call.execute(OVERVIEW).social_insurance.bills}
    bill = bills.get(form.bill_reference)
    if bill is None:
        raise UserError("bill.unknown")
    if not bill.is_due:
        raise UserError("bill.not_due", title=bill.title)
    payment = call.payments.request(source=SOURCE, bill_reference=bill.reference)
    call.log.info("payment asked for", payment=payment.id, state=payment.state)
    return PaymentAsked(payment.id, payment.state, payment.amount)


_SAMPLE: dict[str, dict[str, Any]] = {
    "operations/overview.graphql": {
        "socialInsurance": {
            "pension": {
                "balance": {"amountMinor": "100", "currency": "CNY"},
                "monthsPaid": 1,
                "asOf": "2026-01-01T00:00:00Z",
            },
            "medical": {"balance": {"amountMinor": "100", "currency": "CNY"}},
            "bills": [
                {
                    "reference": "SAMPLE-1",
                    "title": "Sample",
                    "amount": {"amountMinor": "100", "currency": "CNY"},
                    "dueOn": "2026-01-31",
                    "state": "DUE",
                }
            ],
        }
    },
    "operations/request_payment.graphql": {
        "requestPayment": {
            "__typename": "Payment",
            "id": "pay_00000000000000000000000000000000",
            "state": "REQUESTED",
            "amount": {"amountMinor": "100", "currency": "CNY"},
        }
    },
}
app.rehearse("overview", answers=_SAMPLE)
app.rehearse("pay_bill", input={"billReference": "SAMPLE-1"}, answers=_SAMPLE)
