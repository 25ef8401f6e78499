"""What a developer can rely on at the command line: exit codes, JSON for programs, and what to do next."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
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


COMMANDS = [
    "check", "pack", "new", "test", "dev", "generate", "scopes diff", "keys make", "keys show", "keys rotate",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example_and_its_exit_codes(command: str) -> None:
    said = " ".join(run(*command.split(), "--help").split())
    assert f"Example: shimin-sdk {command}" in said
    assert "--json" in said
    assert "Exit codes: 0 all is well, 1 findings, 2 wrong use, 3 not signed in, 4" in said


def test_no_command_is_left_out_of_the_checks_above() -> None:
    def leaves(group: Any, path: str) -> list[str]:
        if not hasattr(group, "commands"):
            return [path.strip()]
        return [leaf for name, item in group.commands.items() for leaf in leaves(item, f"{path} {name}")]

    assert sorted(leaves(typer.main.get_command(app), "")) == sorted(COMMANDS)


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


@pytest.mark.parametrize(("template", "tests"), [("query", 3), ("pay", 1), ("case", 1)])
def test_a_new_mini_app_is_complete(template: str, tests: int) -> None:
    """Whatever its names, it has no finding, its tests pass, and it can be packed."""
    assert run_json("new", "hello", *NAMES, "--template", template)["template"] == template
    assert run_json("check", "hello") == {"ok": True, "errors": 0, "warnings": 0, "findings": []}
    assert run_json("test", "hello") == {"ok": True, "passed": tests, "failed": 0, "rehearsal": "", "findings": []}
    assert run_json("pack", "hello")["appId"] == "linhai.hrss.hello"


@pytest.mark.parametrize("template", ["query", "pay", "case"])
def test_a_new_mini_app_with_its_test_fits_in_60_lines(template: str) -> None:
    """What a person writes: the handlers and their test, without the types that are written from the documents."""
    run("new", "hello", *NAMES, "--template", template)
    own = [path for path in Path("hello").glob("*/*.py") if path.name != "operations.py"]
    assert len(own) == 2
    assert sum(len(path.read_text("utf-8").splitlines()) for path in own) <= 60


def test_in_a_terminal_the_template_is_asked_for() -> None:
    """A real terminal: the first answer is none of the choices, the second one is."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", "from shimin_sdk.cli import main; main()", "new", "hello", *NAMES]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.write(ours, b"9\n3\n")
        assert process.wait(timeout=60) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert "9 is none of them" in said
    assert Path("hello/forms/apply.json").is_file()


def test_a_template_that_does_not_exist_is_wrong_use() -> None:
    assert "query, pay, case" in run_json("new", "hello", *NAMES, "--template", "magic", code=2)["fix"]
    assert not Path("hello").exists()


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


@pytest.mark.parametrize("ending", ["js", "d.ts"])
def test_the_template_and_the_sample_use_the_published_bridge(ending: str) -> None:
    published = (ROOT / "sdk" / "bridge" / f"bridge.{ending}").read_bytes()
    template = ROOT / "sdk" / "shimin_sdk" / "cli" / "template" / "common" / f"bridge.{ending}.tmpl"
    assert template.read_bytes() == published
    assert (APP / "common" / f"bridge.{ending}").read_bytes() == published


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
    assert run_json("check", "hello", code=1)["errors"] == 1, "the types are old"
    assert run_json("test", "hello")["passed"] == 1
    assert run_json("check", "hello")["errors"] == 0
