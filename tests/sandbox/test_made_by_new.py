"""What ``shimin-sdk new`` makes runs in the real sandbox, and the whole guest API with it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.ports.sandbox import BuiltComponent, HostRefusal, Limits, ReleaseRef
from shimin_sdk.cli.new import Names, create

MORE = '''

@app.action
def probe(call: Call) -> list[str]:
    """Use what needs no document."""
    return [call.clock.now().isoformat(), str(call.random.getrandbits(64)), call.new_id("case")]


@app.action
def keep(call: Call) -> int:
    """Keep a draft."""
    return call.store.put("draft", "x")


@app.on("payment.settled")
def settled(call: Call, fact: PaymentSettled) -> None:
    """Write down what happened."""
    call.log.info("settled", amount=str(fact.amount))
'''


class Core:
    """Answers the one document of the mini-app and keeps its lines."""

    def __init__(self) -> None:
        """Begin without lines."""
        self.lines: list[str] = []

    async def execute(self, document: str, variables: str) -> str:
        """Answer with a balance."""
        if document != "operations/balance.graphql":
            raise HostRefusal("DOCUMENT_NOT_DECLARED", document, variables)
        return json.dumps({"socialInsurance": {"pension": {"balance": {"amountMinor": "12050", "currency": "CNY"}}}})

    async def fetch(self, connector: str, request: str) -> str:
        """Have no connector."""
        raise HostRefusal("CONNECTOR_NOT_AVAILABLE", connector, request)

    async def ask(self, service: str, request: str) -> str:
        """Offer no service."""
        raise HostRefusal("SERVICE_NOT_AVAILABLE", service, request)

    async def log(self, level: str, message: str) -> None:
        """Keep the line."""
        self.lines.append(f"{level} {message}")


@pytest.fixture(scope="module")
def made(build: Callable[[Path], BuiltComponent], tmp_path_factory: pytest.TempPathFactory) -> BuiltComponent:
    """Give a new mini-app with a few more handlers, built for real."""
    folder = tmp_path_factory.mktemp("made") / "app"
    create(folder, Names("linhai.test.probe", "linhai.test", "服务", "Service"), "query")
    server = folder / "server" / "app.py"
    source = server.read_text("utf-8").replace("App, Call, UserError", "App, Call, PaymentSettled, UserError")
    server.write_text(source + MORE)
    return build(folder)


async def ask(
    sandbox: WasmSandbox, release: ReleaseRef, core: Core, operation: str, data: Any = None, **more: Any
) -> Any:
    """Return the answer of a call, or the code of its refusal."""
    sent = {"input": data or {}, "locale": "en", "idempotencyKey": "tap-1", "citizen": {"subject": "sub_1"}, **more}
    outcome = await sandbox.call(release, operation, json.dumps(sent), host=core, limits=Limits())
    return json.loads(outcome.output) if outcome.ok else outcome.code


async def test_a_new_mini_app_with_written_types_answers_in_the_sandbox(
    sandbox: WasmSandbox, made: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    found = await ask(sandbox, sign(made, "rel_made"), Core(), "balance")
    assert found == {"words": "The balance of your pension account is CNY 120.50."}


async def test_time_is_now_and_chance_differs_between_instances_of_one_snapshot(
    sandbox: WasmSandbox, made: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    release = sign(made, "rel_made")
    first, second = [await ask(sandbox, release, Core(), "probe") for _ in range(2)]
    assert abs((datetime.fromisoformat(first[0]) - datetime.now(UTC)).total_seconds()) < 30
    assert first[1] != second[1]
    assert first[2] == second[2]


async def test_what_a_handler_keeps_goes_through_the_fourth_door(
    sandbox: WasmSandbox, made: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    asked: list[tuple[str, Any]] = []

    class Keeping(Core):
        async def ask(self, service: str, request: str) -> str:
            asked.append((service, json.loads(request)))
            return '{"version": 7}'

    assert await ask(sandbox, sign(made, "rel_made"), Keeping(), "keep") == 7
    assert asked == [("store.put", {"key": "draft", "value": "x", "version": None})]


async def test_a_service_that_the_platform_lacks_is_refused_by_name(
    sandbox: WasmSandbox, made: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    assert await ask(sandbox, sign(made, "rel_made"), Core(), "keep") == "SERVICE_NOT_AVAILABLE"


async def test_a_fact_is_believed_from_the_core_alone(
    sandbox: WasmSandbox, made: BuiltComponent, sign: Callable[..., ReleaseRef]
) -> None:
    """The broker never passes the envelope's ``fact`` on from a page: it builds the envelope itself."""
    release, core = sign(made, "rel_made"), Core()
    amount = {"amountMinor": "5", "currency": "CNY"}
    data = {
        "paymentId": "pay_1",
        "subject": "s",
        "amount": amount,
        "receiptNumber": "R",
        "settledAt": "2026-12-01T00:00:00Z",
    }
    assert await ask(sandbox, release, core, "payment.settled", data) == "OPERATION_UNKNOWN"
    assert core.lines == []
    assert await ask(sandbox, release, core, "payment.settled", data, fact={"id": "fact_1"}) is None
    assert core.lines == ["info settled amount='0.05 CNY'"]
