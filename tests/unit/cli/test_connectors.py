"""Connectors from the command line: what is shown, and that a secret goes in and never comes out."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shimin import connectors
from shimin.adapters.file_sealer import FileSealer
from shimin.assembly import open_migrated
from shimin.cli import build
from shimin.connectors import ConnectorSecretInvalid, DeclaredConnector, connector_id
from shimin.connectors.rows import find_way
from shimin.db import migrate
from shimin.kit.clock import SystemClock
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotFound

APP, ORIGIN = "linhai.hrss.pension", "https://api.hrss.example"
OWN = connector_id(APP, "hrss", ORIGIN)
SECRET = "Bearer of-the-department"


@pytest.fixture(autouse=True)
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Make an installation with one connector."""
    for key in [key for key in os.environ if key.startswith("SHIMIN_") and not key.startswith("SHIMIN_TEST_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("SHIMIN_DATA_DIR", str(tmp_path))
    made = f"sqlite:///{tmp_path / 'shimin.db'}"

    async def settle() -> None:
        await migrate(made)
        db = await open_migrated(made)
        async with db.unit() as unit:
            await connectors.declare(
                unit,
                release_id="rel_1",
                app_id=APP,
                department_id=DepartmentId("hrss.linhai"),
                connectors=[DeclaredConnector("hrss", ORIGIN)],
                clock=SystemClock(),
            )
        await db.close()

    asyncio.run(settle())
    return made


def run(*arguments: str, given: str | None = None) -> str:
    result = CliRunner().invoke(build(["connectors"]), ["connectors", *arguments], input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def sealed(url: str) -> str | None:
    async def read() -> str | None:
        db = await open_migrated(url)
        async with db.reader() as reader:
            way = await find_way(reader, release_id="rel_1", name="hrss")
        await db.close()
        return way.sealed if way else None

    return asyncio.run(read())


def test_connectors_are_listed_without_secrets() -> None:
    assert json.loads(run("list", "--json")) == [
        {
            "id": OWN,
            "app_id": APP,
            "department_id": "hrss.linhai",
            "name": "hrss",
            "origin": ORIGIN,
            "header": None,
            "secret_version": 0,
            "set_at": None,
        }
    ]
    run("set", OWN, given=f"{SECRET}\n")
    shown = run("list") + run("list", "--json")
    assert "authorization" in shown
    assert "of-the-department" not in shown


def test_a_secret_is_one_line_of_input_and_is_kept_sealed(url: str, tmp_path: Path) -> None:
    assert "of-the-department" not in run("set", OWN, "--header", "x-api-key", given=f"{SECRET}\r\n")
    kept = sealed(url)
    assert kept is not None
    assert FileSealer(tmp_path / "secrets" / "sealing").unseal(kept, OWN) == SECRET.encode()
    assert "without a secret" in run("clear", OWN)
    assert sealed(url) is None


def test_an_unknown_connector_or_a_bad_secret_is_refused(url: str) -> None:
    with pytest.raises(NotFound):
        run("set", "sha256:none", given=f"{SECRET}\n")
    for given in ("", "short\n"):
        with pytest.raises(ConnectorSecretInvalid):
            run("set", OWN, given=given)
    assert sealed(url) is None


def test_a_new_key_seals_everything_and_the_old_file_can_go(url: str, tmp_path: Path) -> None:
    run("set", OWN, given=f"{SECRET}\n")
    assert "sealed anew: 1" in run("roll-key")
    folder = tmp_path / "secrets" / "sealing"
    (folder / "seal-0001.key").unlink()
    kept = sealed(url)
    assert kept is not None
    assert FileSealer(folder).unseal(kept, OWN) == SECRET.encode()
