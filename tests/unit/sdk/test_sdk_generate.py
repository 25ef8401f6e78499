"""The types that are written from documents read what the platform answers, and are known to be old when they are."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import build_schema

from shimin_sdk import App, Asked, Call, Money, Operation
from shimin_sdk.cli.generate import UnclearOperationError
from shimin_sdk.cli.generate.python import write
from shimin_sdk.cli.generate.shapes import read_operation
from shimin_sdk.cli.whole import check_path
from shimin_sdk.package import PackageData
from shimin_sdk.testing import CitizenPhone, MemoryHost, TestClock

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"
SCHEMA = build_schema('''
scalar DateTime
scalar Date
scalar JSON
scalar MinorUnits
type Money { amountMinor: MinorUnits! currency: String! }
interface Refused { code: String! message: String! }
type NotFound implements Refused { code: String! message: String! }
type TooOften implements Refused { code: String! message: String! retryAfterS: Int! }
"""A bill "of" a \\\\ department."""
type Bill { id: ID! amount: Money due: Date at: DateTime! state: State! tags: [[String!]!] parent: Bill from: String
  more: JSON rate: Float ok: Boolean! URL: String }
enum State { OPEN PAID }
union PayResult = Bill | NotFound | TooOften
input Deep { states: [State!]! = [OPEN] note: String! = "x" since: Date }
input PayInput { id: ID! deep: Deep state: State! = PAID }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Bills { nodes: [Bill!]! pageInfo: PageInfo! }
type Query { bill(id: ID!): Bill bills(first: Int! = 20, after: String): Bills! }
type Mutation { pay(input: PayInput!): PayResult! }
''')
BILL = "query Bill($id: ID!) { bill(id: $id) { id amount { amountMinor currency } due at state tags more rate ok } }"
BILLS = """query Bills($first: Int! = 5, $after: String) { bills(first: $first, after: $after) {
  nodes { id } pageInfo { hasNextPage endCursor } } }"""
PAY = """mutation Pay($input: PayInput!) { pay(input: $input) { __typename ... on Bill { state }
  ... on TooOften { retryAfterS } ... on Refused { code } } }"""
ALL = "query All { bills { nodes { state } } }"


def module_of(folder: Path, **texts: str) -> Any:
    """Write the types of some documents and import them."""
    path = folder / "operations.py"
    path.write_text(write(SCHEMA, [read_operation(SCHEMA, name, text) for name, text in texts.items()]))
    spec = importlib.util.spec_from_file_location(f"operations_{folder.name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written(tmp_path: Path) -> Any:
    return module_of(tmp_path, bill=BILL, bills=BILLS, pay=PAY, everything=ALL)


def citizen_of(body: Any, answers: dict[str, Any]) -> CitizenPhone:
    documents = [f"operations/{name}.graphql" for name in ("bill", "bills", "pay", "everything")]
    declared = [{"document": path, "purpose": "p", "retention": "P0D"} for path in documents]
    manifest = {"app_id": "a.b.c", "shimin": {"operations": {"required": declared}}}
    package = PackageData(manifest, documents=documents)
    app: Any = App(package)

    def handler(call: Call) -> object:
        return body(call)

    app.query(handler)
    citizen = CitizenPhone(app, MemoryHost(package, dict.fromkeys(documents, "")), "sub_1", "en", TestClock())
    citizen.grant()
    for path, answer in answers.items():
        citizen.answer(f"operations/{path}.graphql", answer)
    return citizen


def test_an_answer_comes_as_the_written_types(written: Any) -> None:
    bill = {"id": "b", "amount": {"amountMinor": "5", "currency": "CNY"}, "due": "2026-12-01", "state": "OPEN",
            "at": "2026-12-01T00:00:00Z", "tags": [["a"]], "more": {"x": [1]}, "rate": 1.5, "ok": True}  # fmt: skip
    seen = []

    def body(call: Call) -> None:
        seen.append(call.execute(written.Bill(id="b")).bill)

    citizen = citizen_of(body, {"bill": {"bill": bill}})
    citizen.call("handler")
    (found,) = seen
    assert (found.amount, found.due.year, found.at.tzinfo is not None) == (Money(5), 2026, True)
    assert (found.tags, found.more, found.rate) == ([["a"]], {"x": [1]}, 1.5)
    assert citizen.host.calls == [("operations/bill.graphql", {"id": "b"})]
    assert isinstance(written.Everything if hasattr(written, "Everything") else written.All, Operation)
    assert issubclass(written.Bill, Asked)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"__typename": "Bill", "state": "PAID"}, "PayBill"),
        ({"__typename": "NotFound", "code": "NOT_FOUND"}, "PayNotFound"),
        ({"__typename": "TooOften", "code": "X", "retryAfterS": 5}, "PayTooOften"),
    ],
)
def test_members_of_a_union_are_told_apart_by_typename(written: Any, answer: object, kind: str) -> None:
    def body(call: Call) -> str:
        return type(call.execute(written.Pay(input=written.PayInput(id="1"))).pay).__name__

    assert citizen_of(body, {"pay": {"pay": answer}}).call("handler") == kind


def test_variables_carry_defaults_and_leave_out_what_is_none(written: Any) -> None:
    def body(call: Call) -> None:
        call.execute(written.Bills(after=None))
        call.execute(written.Pay(input=written.PayInput(id="1", deep=written.Deep(note="n"))))

    answers = {
        "bills": {"bills": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}},
        "pay": {"pay": {"__typename": "NotFound", "code": "c"}},
    }
    citizen = citizen_of(body, answers)
    citizen.call("handler")
    assert [variables for _, variables in citizen.host.calls] == [
        {"first": 5},
        {"input": {"id": "1", "deep": {"note": "n"}, "state": "PAID"}},
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("query A { bill(id: 1) { from } }", "from has no Python name; give it an alias"),
        ("query A { bill(id: 1) { URL } }", "URL has no Python name"),
        ("query A { bill(id: 1) { amount { amountMinor } } }", "select amountMinor and currency"),
        ("query A { bill(id: 1) { amount { minor: amountMinor currency } } }", "select amountMinor and currency"),
        ("mutation A { pay(input: {id: 1}) { ... on Bill { id } } }", "select __typename"),
        ("query A { nothing }", "Cannot query field"),
        ("query A($class: ID!) { bill(id: $class) { id } }", "class has no Python name"),
        ("query BillData { bill(id: 1) { id } } ", "two things would be called BillData"),
    ],
)
def test_a_document_without_clear_types_says_what_to_change(text: str, hint: str) -> None:
    with pytest.raises(UnclearOperationError, match=hint):
        write(SCHEMA, [read_operation(SCHEMA, "a", text), read_operation(SCHEMA, "bill", BILL)])


def test_what_is_written_is_as_the_formatter_and_the_linter_want_it(written: ModuleType) -> None:
    ruff = [str(Path(sys.executable).parent / "ruff")]
    settings = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), str(written.__file__)]
    for command in (["format", "--check"], ["check", "--ignore=INP001"]):
        done = subprocess.run([*ruff, *command, *settings], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mini-app made from the query template, with its types."""
    from shimin_sdk.cli.new import Names, create  # noqa: PLC0415 - used here alone

    create(tmp_path / "app", Names("linhai.hrss.app", "hrss.linhai", "服务", "Service"), "query")
    return tmp_path / "app"


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in check_path(folder)]


def test_old_types_are_found(folder: Path) -> None:
    assert codes(folder) == []
    document = folder / "operations" / "balance.graphql"
    document.write_text(
        document.read_text().replace(
            "currency\n", "currency\n      }\n      extra: balance {\n        amountMinor\n        currency\n"
        )
    )
    assert codes(folder) == ["E_OPERATIONS_STALE"]


def test_a_document_that_does_not_fit_the_schema_is_found_on_its_line(folder: Path) -> None:
    document = folder / "operations" / "balance.graphql"
    document.write_text(document.read_text().replace("balance {", "fortune {"))
    found = [(item.code, item.place) for item in check_path(folder)]
    assert ("E_DOC_SCHEMA", "operations/balance.graphql:4") in found
    assert "E_DOC_TYPES" in dict(found)


def test_a_document_that_only_the_written_types_name_is_unused(folder: Path) -> None:
    server = folder / "server" / "app.py"
    server.write_text(server.read_text().replace("operations.Balance", "operations.Other").split("\nSAMPLE")[0])
    assert "W_DOC_UNUSED" in codes(folder)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("query Balance " + "{ a" * 5_000, "E_DOC_SYNTAX"),
        ("query Balance($a: " + "[" * 5_000 + "Int) { a }", "E_DOC_SYNTAX"),
        ("query Balance { a } #" + "x" * 70_000, "E_DOC_SYNTAX"),
        ("query Balance { ", "E_DOC_SYNTAX"),
        ("query Balance { ...a } fragment a on Query { ...a }", "E_DOC_SCHEMA"),
        ("query Balance { socialInsurance { pension { balance { amountMinor } } } }", "E_DOC_TYPES"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_finding_and_no_crash(folder: Path, document: str, code: str) -> None:
    (folder / "operations" / "balance.graphql").write_text(document)
    assert code in codes(folder)
    assert "E_DOC_TYPES" in codes(folder)


def test_written_types_that_were_broken_are_findings_and_no_crash(folder: Path) -> None:
    module = folder / "server" / "operations.py"
    module.write_text(module.read_text() + "def (:\n")
    assert {"E_CODE_SYNTAX", "E_OPERATIONS_STALE"} <= set(codes(folder))


def test_hand_written_types_are_left_alone(tmp_path: Path) -> None:
    shutil.copytree(APP, tmp_path / "app")
    (tmp_path / "app" / "server" / "operations.py").write_text('"""Mine."""\n')
    assert codes(tmp_path / "app") == []


def test_the_schema_of_the_sdk_is_the_platforms() -> None:
    own = ROOT / "sdk" / "shimin_sdk" / "cli" / "generate" / "schema.graphql"
    assert own.read_bytes() == (ROOT / "graphql" / "schema.graphql").read_bytes(), "run: make docs"


def test_what_is_written_needs_shimin_sdk_alone(written: ModuleType) -> None:
    lines = Path(str(written.__file__)).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("from ", "import "))}
    assert imported == {"dataclasses", "datetime", "typing", "shimin_sdk"}
    assert json.dumps(sorted(imported))
