"""Wrong use of the SDK fails type checking; right use, the SDK itself and the sample mini-app pass it strictly."""

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"

RIGHT = """
from dataclasses import dataclass
from shimin_sdk import App, Call, Money, Operation

app = App()

@dataclass(frozen=True)
class Form:
    reference: str

@dataclass(frozen=True)
class Data:
    name: str

READ = Operation("operations/read.graphql", Data)

@app.query
def read(call: Call, form: Form) -> str:
    return call.execute(READ, reference=form.reference).name

@app.action
def pay(call: Call) -> Money:
    return call.payments.request(source="hrss", bill_reference="B").amount + Money(1)
"""

WRONG = {
    "a field that the document's dataclass does not have": (
        "call.execute(READ, reference=form.reference).name", "call.execute(READ).nmae", "attr-defined"),
    "an answer of another type": ("-> str:", "-> int:", "return-value"),
    "a payment without a bill": ('bill_reference="B"', "", "call-arg"),
    "an amount chosen by the mini-app": ('bill_reference="B"', 'bill_reference="B", amount=Money(1)', "call-arg"),
    "a float as money": ("Money(1)", "Money(0.1)", "arg-type"),
    "money plus a number": ("Money(1)", "1", "operator"),
    "a handler that is not called with a call": ("def pay(call: Call)", "def pay(call: str)", "arg-type"),
    "a third parameter": ("def pay(call: Call)", "def pay(call: Call, a: str, b: str)", "arg-type"),
    "a door that does not exist": ("call.payments.request", "call.payments.confirm", "attr-defined"),
    "a document that is no document": ("call.execute(READ,", "call.execute(42,", "call-overload"),
}  # fmt: skip


def check(*arguments: str, cache: Path) -> tuple[str, int]:
    """Run mypy strictly with the project's own settings left out."""
    out, err, code = api.run(["--strict", "--no-error-summary", "--config-file=", f"--cache-dir={cache}", *arguments])
    return out + err, code


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture(autouse=True)
def _paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", f"{ROOT / 'sdk'}:{APP / 'server'}")


def test_right_use_passes(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "app.py").write_text(RIGHT)
    assert check(str(tmp_path / "app.py"), cache=cache) == ("", 0)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_fails(name: str, tmp_path: Path, cache: Path) -> None:
    """One change of the right example gives an error of the expected kind."""
    old, new, code = WRONG[name]
    assert old in RIGHT
    (tmp_path / "app.py").write_text(RIGHT.replace(old, new, 1))
    said, _ = check(str(tmp_path / "app.py"), cache=cache)
    assert code in re.findall(r"\[([a-z-]+)\]$", said, re.MULTILINE), said


def test_the_sample_mini_app_passes(cache: Path) -> None:
    files = [str(item) for folder in ("server", "tests") for item in sorted((APP / folder).glob("*.py"))]
    assert check("--explicit-package-bases", *files, cache=cache) == ("", 0)


def test_the_guest_api_passes_and_needs_nothing_but_python(cache: Path) -> None:
    """Everything that the package root imports is checked by following it."""
    source = str(ROOT / "sdk" / "shimin_sdk" / "__init__.py")
    assert check(source, cache=cache) == ("", 0)
