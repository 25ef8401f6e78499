"""What the documents tell people to type exists, and what they link to is there."""

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup

import collect
from shimin.cli import build
from shimin_sdk.cli.commands import app as sdk_app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "core").rglob("README.md"),
        *ROOT.glob("sdk/*.md"),
    )
    if path.is_file()
)
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS: dict[str, collect.Command] = {
    path: command
    for app, name in ((build([]), "shimin"), (sdk_app, "shimin-sdk"))
    for path, command in collect.commands(app, name)
}


def command_lines(text: str) -> list[str]:
    """Return what a document shows as typed: lines of shell blocks, and code spans that begin with a command."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ").strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [
        line for line in (*lines, *spans) if re.match(r"(\S+=\S+ )*(\.venv/bin/)?(make|shimin|shimin-sdk)( |$)", line)
    ]


def problem(line: str) -> str | None:
    """Return what is wrong with a command line, if anything."""
    words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
    program = words[0].removeprefix(".venv/bin/")
    if program == "make":
        unknown = [word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word) and word not in TARGETS]
        return f"make has no target {unknown[0]}" if unknown else None
    path = program
    for word in words[1:]:
        if f"{path} {word}" in COMMANDS:
            path = f"{path} {word}"
        elif isinstance(COMMANDS[path], TyperGroup) and not word.startswith("-") and not word.isupper():
            return f"{path} has no command {word}"
        elif word.startswith("--"):
            flags = {flag for option in COMMANDS[path].params for flag in (*option.opts, *option.secondary_opts)}
            if word.split("=")[0] not in flags | {"--help"}:
                return f"{path} has no option {word}"
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_a_document_shows_exists(path: Path) -> None:
    found = {line: wrong for line in command_lines(path.read_text("utf-8")) if (wrong := problem(line))}
    assert found == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_a_document_links_to_is_there(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)", path.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert missing == []


DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_follows_and_what_holds_it(path: Path) -> None:
    text = path.read_text("utf-8")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads == ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
    assert re.search(r"^Status: ", text, re.MULTILINE)
    assert f"[{path.name[:4]}]({path.name})" in (path.parent / "README.md").read_text("utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_what_a_decision_says_enforces_it_is_there(path: Path) -> None:
    """Files and folders of tests and tools that a record names exist."""
    named = re.findall(
        r"`((?:tests|tools|core|sdk|graphql)/[\w./-]+)", path.read_text("utf-8").partition("## Enforced by")[2]
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_check_itself_notices_what_is_wrong() -> None:
    assert problem("make nonsense") is not None
    assert problem("shimin nonsense") is not None
    assert problem("shimin serve --nonsense") is not None
    assert problem("SHIMIN_PORT=8080 shimin serve") is None
