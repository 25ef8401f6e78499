"""The phone and the core in memory behave as the real ones, as far as a mini-app can tell."""

import ast
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from shimin_sdk import Money
from shimin_sdk.errors import HostError
from shimin_sdk.pack import embed
from shimin_sdk.package import embedded
from shimin_sdk.testing import Phone, load_app

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"
OVERVIEW, PAY = "operations/overview.graphql", "operations/request_payment.graphql"
BILL = {
    "reference": "B-1",
    "title": "t",
    "amount": {"amountMinor": "100", "currency": "CNY"},
    "dueOn": "2026-12-01",
    "state": "DUE",
}
DATA = {"socialInsurance": {"pension": None, "medical": None, "bills": [BILL]}}


@pytest.fixture(scope="module")
def phone() -> Phone:
    return Phone(APP)


def test_consent_is_asked_for_until_it_is_given_and_again_after_it_is_taken_back(phone: Phone) -> None:
    citizen = phone.citizen(locale="en")
    citizen.answer(OVERVIEW, DATA)
    sheet = citizen.refused("overview").params
    assert sheet["document_id"].startswith("sha256:")
    assert sheet["purpose"].startswith("Show you")
    citizen.grant(OVERVIEW)
    assert citizen.call("overview")["totalDue"]["amountMinor"] == "100"
    citizen.withdraw()
    assert citizen.refused("overview").code == "CONSENT_REQUIRED"


def test_citizens_share_nothing(phone: Phone) -> None:
    first, second = phone.citizen("sub_a"), phone.citizen("sub_b")
    first.grant()
    first.owes("B-1", Money(100))
    assert (second.host.granted, second.host.bills) == (set(), {})


def test_a_bill_is_paid_once_and_a_failed_payment_leaves_it_due(phone: Phone) -> None:
    citizen = phone.citizen()
    citizen.grant()
    citizen.answer(OVERVIEW, DATA)
    citizen.owes("B-1", Money(100))
    first = citizen.call("pay_bill", {"billReference": "B-1"}, key="1")["paymentId"]
    citizen.fail(first)
    assert citizen.call("pay_bill", {"billReference": "B-1"}, key="1")["state"] == "FAILED"
    second = citizen.call("pay_bill", {"billReference": "B-1"}, key="2")["paymentId"]
    citizen.pay(second)
    assert citizen.refused("pay_bill", {"billReference": "B-1"}, key="3").code == "BILL_ALREADY_PAID"
    assert citizen.call("pay_bill", {"billReference": "B-1"}, key="2")["state"] == "SETTLED"


def test_a_bill_that_the_department_does_not_know_is_not_found(phone: Phone) -> None:
    citizen = phone.citizen()
    citizen.grant()
    citizen.answer(OVERVIEW, DATA)
    assert citizen.refused("pay_bill", {"billReference": "B-1"}, key="1").code == "NOT_FOUND"


def test_a_refusal_can_be_prepared_and_a_missing_answer_is_the_tests_mistake(phone: Phone) -> None:
    citizen = phone.citizen()
    citizen.grant()
    with pytest.raises(AssertionError, match=r"citizen\.answer"):
        citizen.call("overview")
    citizen.answer(OVERVIEW, HostError("RATE_LIMITED", "slow down"))
    assert citizen.refused("overview").retryable
    citizen.answer(OVERVIEW, lambda _variables: DATA)
    assert citizen.call("overview")["billsDue"][0]["reference"] == "B-1"
    with pytest.raises(AssertionError, match="instead of refusing"):
        citizen.refused("overview")


def test_a_form_that_does_not_fit_its_operation_is_told(phone: Phone, tmp_path: Path) -> None:
    assert phone.form_problems() == []
    copied = copy_app(tmp_path)
    form = json.loads((copied / "forms/pay.json").read_text())
    form["fields"][0]["name"] = "reference"
    (copied / "forms/pay.json").write_text(json.dumps(form))
    assert Phone(copied).form_problems() == [
        "forms/pay.json: reference is no input",
        "forms/pay.json: billReference is required",
    ]


def copy_app(to: Path) -> Path:
    from shimin_sdk.pack import from_folder  # noqa: PLC0415 - used here alone

    from_folder(APP).unpack(to / "app")
    return to / "app"


def test_loading_leaves_no_trace_for_the_next_mini_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mini-apps may both have a module ``accounts``, also where they are named by a relative path."""
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(APP.parent)
    load_app(Path(APP.name))
    copied = copy_app(tmp_path)
    (copied / "server/accounts.py").write_text("raise RuntimeError('mine')\n")
    with pytest.raises(RuntimeError, match="mine"):
        load_app(copied)
    assert sys.path == path
    assert "accounts" not in sys.modules
    assert "accounts" not in set(sys.modules) - modules


def test_what_the_build_embeds_is_what_the_folder_says(monkeypatch: pytest.MonkeyPatch, phone: Phone) -> None:
    source = embed(APP)
    assert source == embed(APP)
    assert all(isinstance(node, ast.Assign | ast.Expr) for node in ast.parse(source).body)
    module = ModuleType("shimin_package")
    exec(compile(source, "shimin_package.py", "exec"), module.__dict__)  # noqa: S102 - made a line above
    monkeypatch.setitem(sys.modules, "shimin_package", module)
    assert embedded() == phone.app.package
    assert embedded().documents == (OVERVIEW, PAY)


def test_the_guest_api_imports_nothing_for_the_developers_machine() -> None:
    """What is imported becomes part of every sandbox."""
    script = textwrap.dedent("""
        import sys
        import shimin_sdk
        print(sorted(name for name in sys.modules if name.startswith("shimin_sdk.")))
        print([name for name in ("pathlib", "typer", "rich", "zipfile", "subprocess", "socket") if name in sys.modules])
    """)
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'sdk')!r})\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    own, others = (ast.literal_eval(line) for line in done.stdout.splitlines())
    guest = {"app", "bounds", "call", "clock", "codes", "connector", "document", "doors", "errors", "facts", "host"}
    guest |= {"money", "package", "pages", "schema", "wire", "words"}
    assert own == sorted(f"shimin_sdk.{name}" for name in guest)
    assert others == []
