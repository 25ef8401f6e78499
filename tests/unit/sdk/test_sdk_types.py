"""Wrong use of the SDK fails type checking; right use, the SDK itself and what it makes pass it strictly.

Under mypy and pyright, each with everything it can check; departments use either.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api

from shimin_sdk.cli.generate import MODULE_FILE, wanted_text
from shimin_sdk.cli.new import TEMPLATES, Names, create

ROOT = Path(__file__).parents[3]
SDK = ROOT / "sdk"
APP = ROOT / "miniapps" / "social-security"
DOCUMENTS = {
    "operations/balance.graphql": "query Balance { socialInsurance { pension { monthsPaid balance "
    "{ amountMinor currency } } } }",
    "operations/payment.graphql": "query OnePayment($id: ID!) { payment(id: $id) { state amount "
    "{ amountMinor currency } } }",
    "operations/payments.graphql": "query Payments($after: String) { payments(first: 100, after: $after) "
    "{ edges { node { id } } pageInfo { hasNextPage endCursor } } }",
}

RIGHT = """
from dataclasses import dataclass

import operations
from shimin_sdk import App, Call, Money, Operation, Page, PageAsked, PaymentSettled, UserError

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


@app.query
def months(call: Call) -> int:
    pension = call.execute(operations.Balance).social_insurance.pension
    if pension is None or pension.months_paid is None:
        raise UserError("none")
    return pension.months_paid


@app.query
def state(call: Call) -> str:
    payment = call.execute(operations.OnePayment(id="pay_1")).payment
    return payment.state if payment else ""


@app.query
def payments(call: Call, page: PageAsked) -> Page[str]:
    pages = call.pages(
        lambda after: operations.Payments(after=after), page_info=lambda data: data.payments.page_info
    )
    return Page([edge.node.id for data in pages for edge in data.payments.edges])


@app.action
def pay(call: Call) -> Money:
    call.store.put("key", call.idempotency_key)
    return call.payments.request(source="hrss", bill_reference="B").amount + Money(1)


@app.on("payment.settled")
def settled(call: Call, fact: PaymentSettled) -> None:
    stored = call.store.get("draft", Data)
    call.messages.send("receipt", amount=fact.amount, name=stored.value.name if stored else "")
"""

WRONG = {
    "a field that the document's dataclass does not have": (
        "call.execute(READ, reference=form.reference).name", "call.execute(READ).nmae",
        "attr-defined", "reportAttributeAccessIssue"),
    "a field that the document does not select": (
        "social_insurance.pension", "social_insurance.medical", "attr-defined", "reportAttributeAccessIssue"),
    "a document that does not exist": (
        "operations.Balance", "operations.Wealth", "attr-defined", "reportAttributeAccessIssue"),
    "a value that may be absent": (
        " or pension.months_paid is None", "", "return-value", "reportReturnType"),
    "a variable that is missing": ('id="pay_1"', "", "call-arg", "reportCallIssue"),
    "a variable that does not exist": ('id="pay_1"', 'ident="pay_1"', "call-arg", "reportCallIssue"),
    "a variable of another type": ('id="pay_1"', "id=1", "arg-type", "reportArgumentType"),
    "a document without its variables": (
        'operations.OnePayment(id="pay_1")', "operations.OnePayment", "call-overload", "reportCallIssue"),
    "a connection's data of another document": (
        "data.payments.page_info", "data.payment.page_info", "attr-defined", "reportAttributeAccessIssue"),
    "an answer of another type": ("-> str:\n    return call", "-> int:\n    return call", "return-value",
                                  "reportReturnType"),
    "a page of other items": ("-> Page[str]", "-> Page[int]", "list-item|misc|arg-type|return-value",
                              "reportArgumentType|reportReturnType"),
    "a key that may be absent": (
        'put("key", call.idempotency_key)', "put(call.idempotency_key, 1)", "arg-type", "reportArgumentType"),
    "a payment without a bill": ('bill_reference="B"', "", "call-arg", "reportCallIssue"),
    "an amount chosen by the mini-app": (
        'bill_reference="B"', 'bill_reference="B", amount=Money(1)', "call-arg", "reportCallIssue"),
    "a float as money": ("Money(1)", "Money(0.1)", "arg-type", "reportArgumentType"),
    "money plus a number": ("Money(1)", "1", "operator", "reportOperatorIssue"),
    "a handler that is not called with a call": (
        "def pay(call: Call)", "def pay(call: str)", "arg-type", "reportArgumentType"),
    "a third parameter": (
        "def pay(call: Call)", "def pay(call: Call, a: str, b: str)", "arg-type", "reportArgumentType"),
    "a door that does not exist": (
        "call.payments.request", "call.payments.confirm", "attr-defined", "reportAttributeAccessIssue"),
    "a document that is no document": ("call.execute(READ,", "call.execute(42,", "call-overload", "reportCallIssue"),
    "a fact that does not exist": ('"payment.settled"', '"payment.lost"', "call-overload", "reportCallIssue"),
    "a fact of another kind": ("fact: PaymentSettled", "fact: Form", "arg-type", "reportArgumentType"),
    "a stored value of another type": ("stored.value.name", "stored.value.nmae", "attr-defined",
                                       "reportAttributeAccessIssue"),
}  # fmt: skip


def mypy(*arguments: str, cache: Path) -> tuple[str, int]:
    """Run mypy strictly with the project's own settings left out."""
    out, err, code = api.run(["--strict", "--no-error-summary", "--config-file=", f"--cache-dir={cache}", *arguments])
    return out + err, code


Found = list[tuple[str, str, str]]


def pyright(folder: Path, *extra: Path, include: str = ".", exclude: tuple[str, ...] = ()) -> Found:
    """Run pyright strictly in a folder and return the file, the rule and the words of everything it finds.

    Both it and the Node that runs it come in wheels, so that nothing is fetched here.
    """
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(SDK), *map(str, extra)],
        "include": [include],
        "exclude": list(exclude),
    }
    place = folder / "pyrightconfig.json"
    place.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "-p", str(place), "--outputjson", "--pythonpath", sys.executable]
    environment = os.environ | {"PYRIGHT_PYTHON_GLOBAL_NODE": "0", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    finally:
        place.unlink()
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] > 0
    return [(Path(item["file"]).name, item.get("rule", ""), item["message"]) for item in found["generalDiagnostics"]]


def file_of(name: str) -> str:
    return f"{re.sub(r'[^a-z]+', '_', name.lower())}.py"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the right example, each wrong one, and the types of the documents they use."""
    folder = tmp_path_factory.mktemp("examples")
    files = {path: text.encode() for path, text in DOCUMENTS.items()}
    (folder / Path(MODULE_FILE).name).write_text(wanted_text(files))
    (folder / "right.py").write_text(RIGHT)
    for name, (old, new, *_) in WRONG.items():
        assert old in RIGHT, name
        (folder / file_of(name)).write_text(RIGHT.replace(old, new, 1))
    return folder


@pytest.fixture(scope="module")
def by_mypy(examples: Path, cache: Path) -> str:
    """What mypy says of all of them at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", f"{SDK}:{examples}")
        patch.chdir(examples)
        return mypy(*sorted(path.name for path in examples.glob("*.py")), cache=cache)[0]


@pytest.fixture(scope="module")
def by_pyright(examples: Path) -> Found:
    """What pyright says of all of them at once."""
    return pyright(examples)


def test_right_use_and_written_types_pass(by_mypy: str, by_pyright: Found) -> None:
    wrong = {file_of(name) for name in WRONG}
    assert [line for line in by_mypy.splitlines() if line.split(":")[0] not in wrong] == []
    assert [item for item in by_pyright if item[0] not in wrong] == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_fails(name: str, by_mypy: str, by_pyright: Found) -> None:
    """One change of the right example gives an error of the expected kind under both."""
    *_, code, rule = WRONG[name]
    said = [line for line in by_mypy.splitlines() if line.startswith(f"{file_of(name)}:")]
    assert any(re.search(rf"\[({code})\]$", line) for line in said), said
    found = [item for item in by_pyright if item[0] == file_of(name)]
    assert any(re.fullmatch(rule, item[1]) for item in found), found


def test_the_sample_mini_app_passes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", f"{SDK}:{APP / 'server'}")
    files = [str(item) for folder in ("server", "tests") for item in sorted((APP / folder).glob("*.py"))]
    assert mypy("--explicit-package-bases", *files, cache=cache) == ("", 0)


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_new_makes_passes(template: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(tmp_path / "app", Names("linhai.hrss.app", "hrss.linhai", "服务", "Service"), template)
    monkeypatch.setenv("MYPYPATH", f"{SDK}:{tmp_path / 'app' / 'server'}")
    files = [str(item) for item in sorted((tmp_path / "app").glob("*/*.py"))]
    assert len(files) >= 2
    assert mypy("--explicit-package-bases", *files, cache=cache) == ("", 0)
    assert pyright(tmp_path / "app", tmp_path / "app" / "server") == []


def test_the_guest_api_passes_and_needs_nothing_but_python(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the package root imports is checked by following it."""
    monkeypatch.setenv("MYPYPATH", str(SDK))
    assert mypy(str(SDK / "shimin_sdk" / "__init__.py"), cache=cache) == ("", 0)


def test_the_sdk_passes_pyright(tmp_path: Path) -> None:
    """The guest API, the host for tests and the command line; the reader and its rules are held by mypy."""
    sdk = os.path.relpath(SDK / "shimin_sdk", tmp_path)
    assert pyright(tmp_path, include=sdk, exclude=(f"{sdk}/pack", f"{sdk}/rules")) == []
