"""What citizens can rely on in the social security mini-app."""

from pathlib import Path
from typing import Any

import pytest

from shimin_sdk import Money
from shimin_sdk.errors import HostError
from shimin_sdk.testing import CitizenPhone, Phone

OVERVIEW = "operations/overview.graphql"
KEY = "tap-1"


def bill(reference: str, amount_minor: int, due_on: str, state: str = "DUE") -> dict[str, Any]:
    """Return a bill of an invented citizen as the core shows it."""
    amount = {"amountMinor": str(amount_minor), "currency": "CNY"}
    return {"reference": reference, "title": f"社保费 {reference}", "amount": amount, "dueOn": due_on, "state": state}


@pytest.fixture(scope="module")
def phone() -> Phone:
    """Load the mini-app once."""
    return Phone(Path(__file__).parents[1])


@pytest.fixture
def citizen(phone: Phone) -> CitizenPhone:
    """Return a citizen with two bills due and one paid, who agreed to nothing yet."""
    someone = phone.citizen()
    bills = [bill("B-2", 1, "2026-12-31"), bill("B-1", 36050, "2026-11-30"), bill("B-0", 500, "2026-10-31", "PAID")]
    balance = {"amountMinor": "8812345", "currency": "CNY"}
    pension = {"balance": balance, "monthsPaid": 128, "asOf": "2026-11-01T08:00:00+08:00"}
    someone.answer(OVERVIEW, {"socialInsurance": {"pension": pension, "medical": {"balance": balance}, "bills": bills}})
    someone.owes("B-1", Money(36050))
    return someone


def test_nothing_is_read_before_the_citizen_agrees(citizen: CitizenPhone) -> None:
    """The refusal reaches the phone as it is, with what the consent sheet shows."""
    refused = citizen.refused("overview")
    assert refused.code == "CONSENT_REQUIRED"
    assert refused.params["purpose"] == "向您显示养老和医疗保险账户余额、缴费月数和待缴账单"
    assert citizen.host.calls == []


def test_the_overview_shows_the_accounts_and_the_most_urgent_bill_first(citizen: CitizenPhone) -> None:
    """Paid bills are left out and the total is exact."""
    citizen.grant()
    shown = citizen.call("overview")
    assert shown["pension"]["monthsPaid"] == 128
    assert shown["pension"]["balance"] == {"amountMinor": "8812345", "currency": "CNY"}
    assert [item["reference"] for item in shown["billsDue"]] == ["B-1", "B-2"]
    assert shown["totalDue"] == {"amountMinor": "36051", "currency": "CNY"}
    assert shown["summary"] == "有 2 笔待缴账单，共 360.51 元。"


def test_someone_without_accounts_or_bills_sees_that(phone: Phone) -> None:
    """Nothing is made up for a citizen whom the department does not know."""
    newcomer = phone.citizen(locale="en")
    newcomer.grant()
    newcomer.answer(OVERVIEW, {"socialInsurance": {"pension": None, "medical": None, "bills": []}})
    shown = newcomer.call("overview")
    assert (shown["pension"], shown["medical"], shown["billsDue"]) == (None, None, [])
    assert shown["summary"] == "Nothing is due at the moment."


def test_paying_asks_for_the_amount_of_the_bill(citizen: CitizenPhone) -> None:
    """The page sends no amount; a repeated tap asks for the same payment."""
    citizen.grant()
    asked = citizen.call("pay_bill", {"billReference": "B-1"}, key=KEY)
    assert asked == {**asked, "state": "REQUESTED", "amount": {"amountMinor": "36050", "currency": "CNY"}}
    assert citizen.call("pay_bill", {"billReference": "B-1"}, key=KEY) == asked
    assert len(citizen.host.payments) == 1


def test_a_bill_that_was_paid_meanwhile_is_refused_by_the_core(citizen: CitizenPhone) -> None:
    """The core's own code and words travel on."""
    citizen.grant()
    asked = citizen.call("pay_bill", {"billReference": "B-1"}, key=KEY)
    citizen.pay(asked["paymentId"])
    assert citizen.refused("pay_bill", {"billReference": "B-1"}, key="tap-2").code == "BILL_ALREADY_PAID"


@pytest.mark.parametrize(
    ("reference", "key", "code"),
    [
        ("B-9", KEY, "bill.unknown"),
        ("B-0", KEY, "bill.not_due"),
        ("", KEY, "VALIDATION_FAILED"),
        ("B 1", KEY, "VALIDATION_FAILED"),
        ("B-1", None, "IDEMPOTENCY_KEY_MISSING"),
    ],
)
def test_a_wrong_payment_asks_for_nothing(citizen: CitizenPhone, reference: str, key: str | None, code: str) -> None:
    """Each refusal has words for the citizen."""
    citizen.grant()
    refused = citizen.refused("pay_bill", {"billReference": reference}, key=key)
    assert (refused.code, bool(refused.message)) == (code, True)
    assert citizen.host.payments == {}


def test_a_department_that_does_not_answer_is_no_empty_account(citizen: CitizenPhone) -> None:
    """The refusal of the core is passed on instead of an overview of nothing."""
    citizen.grant()
    citizen.answer(OVERVIEW, HostError("SOURCE_UNAVAILABLE", "稍后再试"))
    assert citizen.refused("overview").code == "SOURCE_UNAVAILABLE"


def test_one_citizen_never_sees_the_other(phone: Phone, citizen: CitizenPhone) -> None:
    """After A, the same code serves B, who agreed to nothing."""
    citizen.grant()
    citizen.call("overview")
    assert phone.citizen("sub_test_2").refused("overview").code == "CONSENT_REQUIRED"


def test_the_build_can_rehearse_and_the_form_fits(phone: Phone) -> None:
    """The snapshot holds a warmed handler, and the form asks for what the operation takes."""
    phone.rehearse()
    assert phone.form_problems() == []
