"""What may not be committed: other people's machines, registries' names, secrets, promises to do it later."""

import re
from pathlib import Path

import pytest

from test_house import ROOT, committed

OWN = Path(__file__).resolve()
TEXT_SUFFIXES = {
    "", ".cfg", ".css", ".graphql", ".html", ".in", ".js", ".json", ".jsonl", ".md", ".py", ".sh", ".svg", ".toml",
    ".ts", ".txt", ".wit", ".yaml", ".yml",
}  # fmt: skip
RULES = {
    "a registry's or mirror's host": r"pypi\.org|pythonhosted\.org|npmjs\.|(?:registry|mirrors?)\.[a-z0-9-]+\.",
    "a path of somebody's machine": r"(?<![\w.*])/(?:work|root|home/[a-z]+|Users/[A-Za-z]+|opt/pypi)(?:/|\b)(?!\w)",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a cloud access key": r"\bAKIA[0-9A-Z]{16}\b",
    "a promise to do it later": r"\b(?:TODO|FIXME|HACK)\b",
    "a mark of a merge that went wrong": r"^(?:<{7}|>{7}) ",
}


def readable() -> list[Path]:
    """Return the committed files that hold text, except this list of what to look for."""
    return [path for path in committed() if path.suffix in TEXT_SUFFIXES and path.resolve() != OWN]


@pytest.mark.parametrize("what", RULES)
def test_no_committed_file_holds(what: str) -> None:
    pattern = re.compile(RULES[what], re.MULTILINE)
    found = []
    for path in readable():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_locked_sets_pin_every_file_by_its_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == [], path.name


def test_every_committed_file_ends_with_one_newline() -> None:
    wrong = []
    for path in readable():
        content = path.read_bytes()
        if content and (not content.endswith(b"\n") or content.endswith(b"\n\n")):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []
