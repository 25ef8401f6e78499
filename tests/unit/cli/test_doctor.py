"""The doctor looks at everything, changes nothing, says what to do, and never shows a secret."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shimin.cli import build
from shimin.db import migrate


@pytest.fixture(autouse=True)
def own_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    for key in [key for key in os.environ if key.startswith("SHIMIN_") and not key.startswith("SHIMIN_TEST_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("SHIMIN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SHIMIN_DEMO_DEPARTMENT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SHIMIN_CHANNEL_URL", "http://127.0.0.1:9")


def doctor(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(["doctor"]), ["doctor", *arguments])
    return result.exit_code, result.output


def findings() -> tuple[int, dict[str, dict[str, str]]]:
    code, output = doctor("--json")
    line = next(line for line in output.splitlines() if line.startswith("["))
    return code, {item["what"]: item for item in json.loads(line)}


def test_a_sound_installation_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'data' / 'shimin.db'}"))
    code, found = findings()
    assert code == 0, found
    assert found["database"]["state"] == "ok"
    assert found["migrations"]["found"] == "0 pending"
    assert found["department"]["state"] == "warn", "the demonstration's servers are not needed to be sound"


def test_a_database_without_tables_is_named_with_the_command_that_mends_it() -> None:
    code, found = findings()
    assert code == 1
    assert found["migrations"]["remedy"] == "shimin migrate"
    assert found["platform"]["found"] == "DATABASE_NOT_MIGRATED"


def test_a_database_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIMIN_DATABASE_URL", "postgres://citizen:hunter2@127.0.0.1:9/none")
    code, found = findings()
    assert code == 1
    assert found["database"]["found"] == "DATABASE_UNREACHABLE"
    assert "hunter2" not in json.dumps(found)


def test_a_redis_that_does_not_answer_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'data' / 'shimin.db'}"))
    monkeypatch.setenv("SHIMIN_REDIS_URL", "redis://127.0.0.1:9/0")
    code, found = findings()
    assert code == 0
    assert found["Redis"]["state"] == "warn"


def test_the_table_is_for_people() -> None:
    code, output = doctor()
    assert code == 1
    assert "what to do" in output


@pytest.mark.parametrize("verb", ["run", "serve", "worker", "migrate", "demo", "demo-channel", "demo-department"])
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    result = CliRunner().invoke(build([verb]), [verb, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
