"""``shimin ledger verify``: what an operator sees, and the exit code a script sees."""

import asyncio
import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from shimin import ledger
from shimin.cli.ledger import app
from shimin.db import open_database
from shimin.kit.call import system_call
from shimin.kit.clock import SystemClock
from shimin.kit.money import Money


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command against the test's database."""
    monkeypatch.setenv("SHIMIN_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *arguments: CliRunner().invoke(app, ["verify", *arguments])


@pytest.fixture
def written(database_url: str, models: tuple[str, ...]) -> Callable[[str], None]:
    """Post one transfer, hold another, then run a statement no verb runs."""

    async def write(sql: str) -> None:
        db = await open_database(database_url, models=models)
        clock, call = SystemClock(), system_call()
        world = ledger.OpenAccount("channel", "emulator", "clearing")
        hrss = ledger.OpenAccount("department", "hrss.linhai", "payee")
        async with db.unit() as unit:
            for account in (world, hrss):
                await ledger.open_account(call, account, unit=unit, clock=clock)
            for name in ("trf_1", "trf_2"):
                order = ledger.HoldTransfer(name, name, world.id, hrss.id, Money(36000), "payment")
                await ledger.hold(call, order, unit=unit, clock=clock)
            await ledger.post(call, "trf_1", unit=unit, clock=clock)
            if sql:
                await unit.execute(sql)
        await db.close()

    return lambda sql: asyncio.run(write(sql))


def test_an_empty_ledger_is_balanced(run: Callable[..., Result]) -> None:
    shown = run()
    assert (shown.exit_code, shown.output.splitlines()[-1]) == (0, "balanced")


def test_a_sound_ledger_shows_accounts_sums_and_balanced(
    run: Callable[..., Result], written: Callable[[str], None]
) -> None:
    written("")
    shown = run()
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.replace("│", " ").replace("┃", " ").splitlines()]
    assert ["channel:emulator:clearing:CNY", "CNY", "-360.00", "360.00"] in lines
    assert ["department:hrss.linhai:payee:CNY", "CNY", "360.00", "0.00"] in lines
    assert ["CNY", "0.00", "0.00"] in lines
    assert "Transfers: 1 PENDING, 1 POSTED" in shown.output
    assert lines[-1] == ["balanced"]
    plain = json.loads(run("--json").output)
    assert plain["balanced"] is True
    assert plain["sums"] == [{"currency": "CNY", "balances_minor": 0, "entries_minor": 0}]
    assert {account["id"]: account["balance_minor"] for account in plain["accounts"]} == {
        "channel:emulator:clearing:CNY": -36000,
        "department:hrss.linhai:payee:CNY": 36000,
    }


def test_a_ledger_that_does_not_add_up_says_where_and_ends_with_exit_code_1(
    run: Callable[..., Result], written: Callable[[str], None]
) -> None:
    written("UPDATE ledger_account SET posted_minor = posted_minor + 1 WHERE kind = 'payee'")
    shown = run()
    assert shown.exit_code == 1
    assert "currency_not_zero" in shown.output
    assert "department:hrss.linhai:payee:CNY" in shown.output
    assert shown.output.splitlines()[-1] == "NOT balanced"
    found = run("--json")
    assert found.exit_code == 1
    assert json.loads(found.output)["findings"] == [
        {"kind": "currency_not_zero", "where": "CNY"},
        {"kind": "balance_is_not_sum_of_entries", "where": "department:hrss.linhai:payee:CNY"},
    ]
