"""The registry at the terminal: all or nothing, each error with its place, and words for people or JSON."""

import asyncio
import hashlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shimin.cli import build
from shimin.db import migrate
from shimin.documents import DocumentBuiltIn, DocumentStopped
from shimin.kit.digest import sha256_id
from shimin.kit.refusal import Refusal

GOOD = "query Unread {\r\n  unreadCount\r\n}\n"
HOME = Path(__file__).parents[3] / "graphql/shimin_graphql/operations/home.graphql"


@pytest.fixture(autouse=True)
def own_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in [key for key in os.environ if key.startswith("SHIMIN_") and not key.startswith("SHIMIN_TEST_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("SHIMIN_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'shimin.db'}"))
    Path("good.graphql").write_bytes(GOOD.encode())
    Path("bad.graphql").write_text("{\n  nothing\n  unreadCount(a: 1)\n}")
    Path("broken.graphql").write_text("{ a")
    Path("binary.graphql").write_bytes(b"\xff")


def documents(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(build(["documents"]), ["documents", *arguments])


def refused(*arguments: str) -> type[BaseException]:
    result = documents(*arguments)
    assert isinstance(result.exception, Refusal), result.output
    return type(result.exception)


def test_a_file_is_registered_under_the_hash_of_its_bytes_and_again_changes_nothing() -> None:
    digest = hashlib.sha256(Path("good.graphql").read_bytes()).hexdigest()
    first, again = documents("register", "good.graphql"), documents("register", "good.graphql", "--json")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"sha256:{digest}" in first.output
    assert json.loads(again.stdout)["registered"] == [
        {"file": "good.graphql", "id": f"sha256:{digest}", "changed": False}
    ]
    listed = {item["id"]: item for item in json.loads(documents("list", "--json").stdout)}
    assert listed[f"sha256:{digest}"]["state"] == "trusted"
    assert listed[sha256_id(HOME.read_text())]["client"] == "built in"


def test_every_error_of_every_file_is_named_with_its_place_and_nothing_is_registered() -> None:
    files = ("good.graphql", "bad.graphql", "broken.graphql", "binary.graphql", "missing.graphql")
    result = documents("register", *files)
    assert result.exit_code == 2
    for place in ("bad.graphql:2:3: ", "bad.graphql:3:15: ", "broken.graphql:1:4: ", "binary.graphql: ", "missing.gr"):
        assert place in result.stderr
    problems = json.loads(documents("register", *files, "--json").stdout)["problems"]
    assert {(item["file"], item["line"]) for item in problems} >= {("bad.graphql", 2), ("missing.graphql", 0)}
    assert "Unread" not in documents("list").output


def test_a_retired_document_is_shown_so_and_comes_back_only_when_asked_for() -> None:
    documents("register", "good.graphql")
    digits = sha256_id(GOOD)[7:19]
    assert documents("retire", digits).exit_code == 0
    states = [item["state"] for item in json.loads(documents("list", "--json").stdout) if item["name"] == "Unread"]
    assert states == ["retired"]
    assert refused("register", "good.graphql") is DocumentStopped
    assert documents("register", "--revive", "good.graphql").exit_code == 0


def test_what_is_not_there_or_comes_with_the_version_cannot_be_retired() -> None:
    assert refused("retire", sha256_id(HOME.read_text())) is DocumentBuiltIn
    for asked in ("sha256:000000", "sha256:", "16"):
        assert refused("retire", asked).__name__ == "DocumentNotFound"


def test_a_document_of_an_older_schema_is_listed_as_outdated_with_the_reason(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    text = "query Old { wasThere }"
    with sqlite3.connect(tmp_path / "shimin.db") as connection:
        connection.execute(
            "INSERT INTO trusted_document (id, name, kind, client, text, registered_at, registered_by)"
            " VALUES (?, 'Old', 'query', 'mobile', ?, '2026-01-01 00:00:00.000000+00:00', 'system')",
            (sha256_id(text), text),
        )
    connection.close()
    output = documents("list").output
    assert "outdated" in output
    assert "Old no longer runs" in output
    assert "wasThere" in output


def test_home_is_explained_as_one_statement_by_file_and_by_hash() -> None:
    by_file = documents("explain", str(HOME)).output
    by_hash = documents("explain", sha256_id(HOME.read_text())[7:20]).output
    assert by_file == by_hash
    assert "The whole document is one statement on PostgreSQL and one on SQLite." in by_file
    explained = json.loads(documents("explain", str(HOME), "--json").stdout)
    assert [len(found) for found in explained["statements"].values()] == [1, 1]
