"""Starting on what is wrong: every command says which part, with its code, and ends with 2; nothing is half done.

The commands run as an operator runs them: a process of their own, its settings from the environment.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from shimin.db import migrate

Shimin = Callable[..., str]
"""Runs a command that must be refused; returns what it said."""
MINI_APP = Path(__file__).parents[2] / "miniapps" / "social-security"


@pytest.fixture
def shimin(tmp_path: Path) -> Shimin:
    """Run commands on a data folder of this test's own."""

    def run(*arguments: str, **settings: str) -> str:
        own = {key: value for key, value in os.environ.items() if not key.startswith("SHIMIN_")}
        done = subprocess.run(
            [sys.executable, "-m", "shimin", *arguments],
            env=own | {"SHIMIN_DATA_DIR": str(tmp_path / "data"), "SHIMIN_PORT": "0", "COLUMNS": "300"} | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stderr

    return run


def change(url: str, statement: str) -> None:
    """Run a statement on a database, past the platform."""

    async def on_postgres() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(statement)
    else:
        asyncio.run(on_postgres())


@pytest.mark.parametrize("command", ["serve", "run", "migrate", "worker"])
def test_an_unknown_setting_stops_every_start_and_is_named(shimin: Shimin, tmp_path: Path, command: str) -> None:
    told = shimin(command, SHIMIN_PROT="8000")
    assert "INVALID_SETTINGS" in told
    assert "SHIMIN_PROT" in told
    assert not (tmp_path / "data").exists(), "nothing was begun"


def test_a_setting_of_the_wrong_type_is_named_and_its_value_is_not(shimin: Shimin) -> None:
    told = shimin("serve", SHIMIN_PORT="hunter2", SHIMIN_REQUEST_TIMEOUT_S="never")
    assert "INVALID_SETTINGS" in told
    assert "SHIMIN_PORT" in told
    assert "SHIMIN_REQUEST_TIMEOUT_S" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_taken_port_is_said_with_its_address(shimin: Shimin, command: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        told = shimin(command, SHIMIN_PORT=port)
    assert "PORT_TAKEN" in told
    assert f"127.0.0.1:{port}" in told


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("ledger", "verify")])
def test_a_database_without_tables_is_said_with_the_command_that_makes_them(
    shimin: Shimin, command: tuple[str, ...]
) -> None:
    told = shimin(*command)
    assert "DATABASE_NOT_MIGRATED" in told
    assert "shimin migrate" in told


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_newer_than_the_program_is_left_alone(shimin: Shimin, database_url: str, command: str) -> None:
    change(database_url, "INSERT INTO shimin_migration (name, applied_at) VALUES ('9999_future', '2030-01-01')")
    told = shimin(command, SHIMIN_DATABASE_URL=database_url)
    assert "DATABASE_NEWER_THAN_CODE" in told
    assert "9999_future" in told


def test_a_database_that_another_process_holds_is_said_so_and_migrated_afterwards(
    shimin: Shimin, tmp_path: Path
) -> None:
    """The embedded database only: it has one writer."""
    file = tmp_path / "held.db"
    asyncio.run(migrate(f"sqlite:///{file}", upto="0001_initial"))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "DATABASE_LOCKED" in shimin("migrate", SHIMIN_DATABASE_URL=f"sqlite:///{file}")
        other.execute("ROLLBACK")
    assert asyncio.run(migrate(f"sqlite:///{file}")), "the steps were still waiting"


@pytest.mark.parametrize("command", ["serve", "migrate", "worker"])
def test_a_database_server_that_does_not_answer_is_said_without_its_password(shimin: Shimin, command: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgres://citizen:hunter2@127.0.0.1:{closed.getsockname()[1]}/shimin"
        told = shimin(command, SHIMIN_DATABASE_URL=url)
    assert "DATABASE_UNREACHABLE" in told
    assert "hunter2" not in told


def test_a_database_server_that_knows_no_such_database_is_said_without_a_password(
    shimin: Shimin, postgres_url: str
) -> None:
    told = shimin("serve", SHIMIN_DATABASE_URL=postgres_url.rsplit("/", 1)[0] + "/no_such_database")
    assert "DATABASE_UNREACHABLE" in told
    assert postgres_url not in told


def test_an_address_of_no_known_kind_is_not_repeated(shimin: Shimin) -> None:
    told = shimin("serve", SHIMIN_DATABASE_URL="mysql://citizen:hunter2@127.0.0.1/shimin")
    assert "DATABASE_URL_INVALID" in told
    assert "hunter2" not in told


def test_a_broken_package_is_refused_with_the_file_and_nothing_is_uploaded(
    shimin: Shimin, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(MINI_APP, folder)
    (folder / "manifest.json").write_text('{"app_id": "x"', encoding="utf-8")
    told = shimin("release", "install", str(folder), SHIMIN_DATABASE_URL=database_url)
    assert "PACKAGE_BROKEN" in told
    assert "manifest.json" in told
    change(database_url, "INSERT INTO mini_app (app_id, department_id, version_code_highest) VALUES ('x', 'x', 1)")


def test_production_refuses_the_conveniences_of_development(shimin: Shimin) -> None:
    told = shimin("serve", SHIMIN_MODE="production")
    assert "INVALID_SETTINGS" in told
    assert "SHIMIN_DATABASE_URL must name PostgreSQL" in told
    strict = {
        "SHIMIN_MODE": "production",
        "SHIMIN_DATABASE_URL": "postgres://127.0.0.1:1/none",
        "SHIMIN_PUBLIC_URL": "https://shimin.example",
        "SHIMIN_NOTIFY_URL": "https://texts.example",
        "SHIMIN_NOTIFY_SECRET": "n" * 32,
    }
    for command in (("run",), ("demo-department",), ("demo-channel",), ("release", "install", "x")):
        assert "DEVELOPMENT_ONLY" in shimin(*command, **strict), command
