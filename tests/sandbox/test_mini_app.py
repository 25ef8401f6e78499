"""A real mini-app, built as the platform builds it and run where the platform runs it."""

import json
from collections.abc import Callable
from typing import Any

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.ports.sandbox import BuiltComponent, HostRefusal, Limits, Outcome, ReleaseRef

YUAN_360_50 = {"amountMinor": "36050", "currency": "CNY"}
BILL = {"reference": "B-1", "title": "养老保险费", "amount": YUAN_360_50, "dueOn": "2026-11-30", "state": "DUE"}
BALANCE = {"amountMinor": "8812345", "currency": "CNY"}
PENSION = {"balance": BALANCE, "monthsPaid": 128, "asOf": "2026-11-01T08:00:00+08:00"}
OVERVIEW = {"socialInsurance": {"pension": PENSION, "medical": None, "bills": [BILL]}}


class Core:
    """Answers the mini-app's documents for an invented citizen."""

    def __init__(self, *, consented: bool) -> None:
        """Know whether the citizen agreed."""
        self.consented = consented
        self.asked: list[tuple[str, Any]] = []

    async def execute(self, document: str, variables: str) -> str:
        """Answer with data, or ask for consent first."""
        self.asked.append((document, json.loads(variables)))
        if not self.consented:
            raise HostRefusal("CONSENT_REQUIRED", "", '{"purpose": "余额"}')
        if document == "operations/overview.graphql":
            return json.dumps(OVERVIEW)
        wanted = json.loads(variables)["input"]
        payment = {"__typename": "Payment", "id": wanted["id"], "state": "REQUESTED", "amount": YUAN_360_50}
        return json.dumps({"requestPayment": payment})

    async def fetch(self, connector: str, request: str) -> str:
        """Have no connector."""
        raise HostRefusal("CONNECTOR_NOT_AVAILABLE", connector, request)

    async def ask(self, service: str, request: str) -> str:
        """Offer no service."""
        raise HostRefusal("SERVICE_NOT_AVAILABLE", service, request)

    async def log(self, level: str, message: str) -> None:
        """Fail on any line: the mini-app has nothing to complain of."""
        raise AssertionError(f"{level}: {message}")


def envelope(data: dict[str, Any], key: str | None = None, locale: str = "zh-Hans") -> str:
    """Return what the broker hands over."""
    return json.dumps({"input": data, "locale": locale, "idempotencyKey": key, "citizen": {"subject": "sub_invented"}})


async def run(sandbox: WasmSandbox, release: ReleaseRef, core: Core, operation: str, sent: str) -> Outcome:
    """Run one operation under the default limits."""
    return await sandbox.call(release, operation, sent, host=core, limits=Limits())


async def test_the_social_security_mini_app_runs_inside_the_sandbox(
    sandbox: WasmSandbox, built_mini_app: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    """Its texts, its documents and its exact amounts, in both languages, with a payment asked for once per tap."""
    release, core = sign(built_mini_app, "rel_social"), Core(consented=True)
    shown = json.loads((await run(sandbox, release, core, "overview", envelope({}))).output)
    assert "360.50 元" in shown["summary"]
    assert shown["pension"]["monthsPaid"] == 128
    english = json.loads((await run(sandbox, release, core, "overview", envelope({}, locale="en"))).output)
    assert "360.50" in english["summary"]
    assert english["summary"] != shown["summary"]

    sent = envelope({"billReference": "B-1"}, key="tap-1")
    first = json.loads((await run(sandbox, release, core, "pay_bill", sent)).output)
    again = json.loads((await run(sandbox, release, core, "pay_bill", sent)).output)
    assert first == again
    assert first["state"] == "REQUESTED"
    asked = [variables["input"]["id"] for document, variables in core.asked if document.endswith("payment.graphql")]
    assert len(set(asked)) == 1


async def test_a_missing_consent_travels_from_the_core_through_the_mini_app_to_the_caller(
    sandbox: WasmSandbox, built_mini_app: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    release = sign(built_mini_app, "rel_social")
    outcome = await run(sandbox, release, Core(consented=False), "overview", envelope({}))
    assert (outcome.ok, outcome.code) == (False, "CONSENT_REQUIRED")
    assert json.loads(outcome.detail or "") == {"purpose": "余额"}


async def test_an_action_without_a_key_is_refused_by_the_guest(
    sandbox: WasmSandbox, built_mini_app: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    release, core = sign(built_mini_app, "rel_social"), Core(consented=True)
    outcome = await run(sandbox, release, core, "pay_bill", envelope({"billReference": "B-1"}))
    assert outcome.code == "IDEMPOTENCY_KEY_MISSING"
    assert core.asked == []
