"""``shimin audit verify``: what an operator sees, and the exit code a script sees."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shimin import audit
from shimin.cli.audit import app
from shimin.db import Database, Unit, open_database
from shimin.kit.call import system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import InvalidInput

LIN, CHEN = CitizenId("ctz_" + "a" * 32), CitizenId("ctz_" + "b" * 32)


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command against the test's database."""
    monkeypatch.setenv("SHIMIN_DATABASE_URL", database_url)
    return lambda *arguments: CliRunner().invoke(app, ["verify", *arguments])


@pytest.fixture
def change(database_url: str, models: tuple[str, ...]) -> Callable[[Callable[[Unit], Awaitable[object]]], None]:
    """Do something in a unit of the test's database, from a test that is not async."""

    async def open_and_do(do: Callable[[Unit], Awaitable[object]]) -> None:
        db: Database = await open_database(database_url, models=models)
        async with db.unit() as unit:
            await do(unit)
        await db.close()

    return lambda do: asyncio.run(open_and_do(do))


@pytest.fixture
def written(change: Callable[..., None], frozen_clock: FixedClock) -> None:
    """Write four entries in three chains."""

    async def write(unit: Unit) -> None:
        for citizen_id in (LIN, LIN, CHEN, None):
            entry = audit.Entry(action="personal.read", citizen_id=citizen_id)
            await audit.record(system_call(), entry, unit=unit, clock=frozen_clock)

    change(write)


@pytest.mark.usefixtures("written")
def test_an_unbroken_log_is_said_to_hold(run: Callable[..., Result]) -> None:
    shown = run()
    assert shown.exit_code == 0, shown.output
    assert "4 entries in 3 chains: every link holds" in shown.output
    assert json.loads(run("--json").output) == {"chains": 3, "entries": 4, "broken": 0, "breaks": []}


@pytest.mark.usefixtures("written")
def test_a_break_is_named_and_ends_with_exit_code_1(run: Callable[..., Result], change: Callable[..., None]) -> None:
    change(lambda unit: unit.execute("UPDATE audit_entry SET basis = 'law:any' WHERE chain = $1 AND seq = 2", LIN))
    shown = run()
    assert shown.exit_code == 1
    assert "altered" in shown.output
    assert "1 of 3 chains do not hold" in shown.output
    found = json.loads(run("--json").output)
    assert found["breaks"] == [{"chain": LIN, "seq": 2, "kind": "altered"}]


@pytest.mark.usefixtures("written")
def test_a_chain_that_vanished_is_found_with_anchors_kept_elsewhere(
    run: Callable[..., Result], change: Callable[..., None], tmp_path: Path
) -> None:
    notes = tmp_path / "anchors.json"
    assert run("--anchors-out", str(notes)).exit_code == 0
    assert run("--anchors", str(notes)).exit_code == 0

    async def wipe(unit: Unit) -> None:
        await unit.execute("DELETE FROM audit_entry WHERE chain = $1", CHEN)
        await unit.execute("DELETE FROM audit_head WHERE chain = $1", CHEN)

    change(wipe)
    assert run().exit_code == 0
    found = run("--anchors", str(notes), "--json")
    assert found.exit_code == 1
    assert json.loads(found.output)["breaks"] == [{"chain": CHEN, "seq": 1, "kind": "truncated"}]


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"size": "x", "hash": ""}}'])
def test_a_file_that_holds_no_anchors_is_refused(run: Callable[..., Result], tmp_path: Path, content: str) -> None:
    notes = tmp_path / "anchors.json"
    notes.write_text(content)
    assert isinstance(run("--anchors", str(notes)).exception, InvalidInput)
    assert isinstance(run("--anchors", str(tmp_path / "missing.json")).exception, InvalidInput)
