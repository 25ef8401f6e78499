"""What a developer can rely on at the command line: exit codes, JSON for programs, and what to do next."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shimin_sdk.cli.commands import app
from shimin_sdk.pack import read

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"
NAMES = ["--id", "linhai.hrss.hello", "--department", "hrss.linhai", "--name", "你好 <“社保”>", "--name-en", 'Say "hi"']


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIMIN_LANG", "en")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run a command in this process, expect its exit code, and return everything it said."""
    return invoke(*arguments, code=code).output


def invoke(*arguments: str | Path, code: int) -> Result:
    done = CliRunner().invoke(app, [str(item) for item in arguments])
    assert done.exit_code == code, done.output
    return done


def run_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    found = json.loads(invoke(arguments[0], "--json", *arguments[1:], code=code).stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("command", ["check", "pack", "new", "test"])
def test_each_command_explains_itself_with_an_example(command: str) -> None:
    assert f"Example: shimin-sdk {command}" in " ".join(run(command, "--help").split())


def test_a_good_folder_passes_and_the_next_step_is_named() -> None:
    assert "shimin-sdk test" in run("check", APP)
    assert run_json("check", APP) == {"ok": True, "errors": 0, "warnings": 0, "findings": []}


def test_a_package_is_written_once_and_for_all() -> None:
    """Packing twice gives the same bytes; what was packed can be checked."""
    first = run_json("pack", APP, "-o", "one.ma")
    second = run_json("pack", APP)
    assert first["digest"] == second["digest"] == read(Path("one.ma").read_bytes()).digest
    assert Path("one.ma").read_bytes() == Path(second["file"]).read_bytes()
    assert second["file"] == "linhai.hrss.social-security-1.0.0.ma"
    assert run_json("check", "one.ma")["ok"] is True


def test_a_new_mini_app_is_complete() -> None:
    """Whatever its names, it has no finding, its tests pass, and it can be packed."""
    assert run_json("new", "hello", *NAMES)["ok"] is True
    assert run_json("check", "hello") == {"ok": True, "errors": 0, "warnings": 0, "findings": []}
    assert run_json("test", "hello") == {"ok": True, "passed": 3, "failed": 0, "rehearsal": "", "findings": []}
    assert run_json("pack", "hello")["appId"] == "linhai.hrss.hello"


def test_findings_end_with_code_1_and_say_where_and_what_to_do() -> None:
    run("new", "hello", *NAMES)
    server = Path("hello/server/app.py")
    server.write_text(server.read_text() + "import socket\n")
    said = run("check", "hello", code=1)
    assert "server/app.py:" in said
    assert "E_CODE_IMPORT" in said
    assert "→" in said
    (finding,) = run_json("check", "hello", code=1)["findings"]
    assert finding.keys() == {"code", "severity", "file", "line", "message", "fix", "params"}
    assert run_json("pack", "hello", code=1)["ok"] is False
    assert not list(Path().glob("*.ma"))


def test_findings_come_in_chinese_where_that_is_the_language() -> None:
    Path("bad.ma").write_bytes(b"no archive")
    assert "这不是一个 ZIP 压缩包" in run("check", "bad.ma", "--lang", "zh_CN.UTF-8", code=1)


def test_a_failing_test_or_rehearsal_ends_with_code_1() -> None:
    run("new", "hello", *NAMES)
    tests = Path("hello/tests/test_balance.py")
    good = tests.read_text()
    tests.write_text(good + "\n\ndef test_more() -> None:\n    assert not phone\n")
    found = run_json("test", "hello", code=1)
    assert (found["passed"], found["failed"]) == (3, 1)
    tests.write_text(good)
    server = Path("hello/server/app.py")
    server.write_text(server.read_text().replace('"amountMinor": "100"', '"amountMinor": 1.5'))
    assert "AnswerMismatch" in run_json("test", "hello", code=1)["rehearsal"]


def test_pytest_options_are_passed_on() -> None:
    run("new", "hello", *NAMES)
    assert run_json("test", "hello", "--", "-k", "agrees")["passed"] == 1


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("check", "nowhere"), "shimin-sdk new"),
        (("pack", "."), "shimin-sdk new"),
        (("test", "."), "shimin-sdk new"),
        (("pack", APP, "-o", "no/such/folder.ma"), "--output"),
        (("new", ".", *NAMES), "another name"),
    ],
)
def test_wrong_use_ends_with_code_2_and_what_to_do(arguments: tuple[str | Path, ...], hint: str) -> None:
    assert hint in run(*arguments, code=2)
    assert hint in run_json(*arguments, code=2)["fix"]


def test_names_that_do_not_fit_write_nothing() -> None:
    found = run_json("new", "hello", "--id", "Hello", "--department", "hrss.linhai", code=2)
    assert [item["params"]["path"] for item in found["findings"]] == ["app_id"]
    assert not Path("hello").exists()


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check", "--frob"], ["new"]])
def test_what_the_command_line_does_not_know_ends_with_code_2(arguments: list[str]) -> None:
    run(*arguments, code=2)


def test_without_the_extra_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    """A real interpreter in which typer cannot be imported."""
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(name='typer')\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT / "sdk")])
    script = "from shimin_sdk.cli import main; main()"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'shimin-sdk[cli]'" in done.stderr


def test_the_template_and_the_sample_use_the_same_bridge() -> None:
    template = ROOT / "sdk" / "shimin_sdk" / "cli" / "template" / "common" / "bridge.js.tmpl"
    assert template.read_bytes() == (APP / "common" / "bridge.js").read_bytes()


def test_the_readmes_examples_work() -> None:
    """The server code and the test of the page, in a new mini-app, are free of findings and pass."""
    text = (ROOT / "sdk" / "README.md").read_text("utf-8")
    server, test = (block.partition("```")[0] for block in text.split("```python\n")[1:])
    run("new", "hello", *NAMES)
    Path("hello/server/app.py").write_text(server)
    Path("hello/tests/test_balance.py").write_text(test)
    shutil.copy(APP / "operations" / "request_payment.graphql", "hello/operations")
    manifest = json.loads(Path("hello/manifest.json").read_text("utf-8"))
    required = manifest["shimin"]["operations"]["required"]
    required.append({**required[0], "document": "operations/request_payment.graphql"})
    Path("hello/manifest.json").write_text(json.dumps(manifest))
    assert run_json("check", "hello")["errors"] == 0
    assert run_json("test", "hello")["passed"] == 1
