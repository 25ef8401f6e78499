"""A typed client says exactly what each operation takes and answers, whatever its document looks like."""

import shutil
import subprocess
from pathlib import Path

import pytest
from graphql import build_schema

import client_python
import client_typescript
import clients
from shimin.kit.digest import sha256_id
from shimin_sdk.cli.generate.shapes import Operation, UnclearOperationError, read_operation

SCHEMA = build_schema('''
scalar DateTime
scalar MinorUnits
"""A no."""
interface Refused { code: String! message: String! }
type NotFound implements Refused { code: String! message: String! }
type TooOften implements Refused { code: String! message: String! retryAfterS: Int! }
type Other { note: String }
"""A bill."""
type Bill { id: ID! amount: MinorUnits! due: DateTime state: State! parent: Bill tags: [[String!]] }
enum State { OPEN PAID @deprecated(reason: "gone") class }
union PayResult = Bill | NotFound | TooOften
union Plain = Bill | Other
input Deep { again: Deep states: [State!]! = [OPEN] note: String! = "x" }
input PayInput { id: ID! deep: Deep = {note: "y"} state: State! = PAID }
type Query { bill(id: ID!): Bill bills(first: Int! = 20, states: [State!]): [Bill!]! plain: Plain any: Refused! }
type Mutation { pay(input: PayInput!): PayResult! }
''')


def read(text: str) -> Operation:
    return read_operation(SCHEMA, "it", text)


def python(text: str) -> str:
    return client_python.write(SCHEMA, [read(text)])["operations/it.py"]


def typescript(text: str) -> str:
    return client_typescript.write(SCHEMA, [read(text)])["operations/it.ts"]


PAY = """mutation Pay($input: PayInput!) { pay(input: $input) { __typename ...OnBill
  ... on TooOften { retryAfterS } ... on Refused { code } } } fragment OnBill on Bill { id }"""


def test_a_union_is_told_apart_by_typename_and_an_interface_reaches_every_member_behind_it() -> None:
    found = read(PAY)
    shapes = {shape.typenames: [member.name for member in shape.members] for shape in found.shapes.values()}
    assert shapes == {
        ("Bill",): ["id"],
        ("NotFound",): ["code"],
        ("TooOften",): ["retryAfterS", "code"],
        (): ["pay"],
    }
    assert "export type PayResult = Bill | NotFound | TooOften;" in typescript(PAY)


def test_members_that_look_alike_share_a_shape_under_the_interface_they_share() -> None:
    found = read("mutation Pay($input: PayInput!) { pay(input: $input) { __typename ... on Refused { code } } }")
    assert found.shapes["Refused"].typenames == ("NotFound", "TooOften")
    assert found.shapes["Bill"].members == ()


def test_the_document_id_is_the_hash_of_the_text_as_it_is_registered() -> None:
    for written in (python(PAY), typescript(PAY)):
        assert f'"{sha256_id(PAY)}"' in written


def test_what_a_directive_may_skip_may_be_absent_unless_it_is_selected_again() -> None:
    text = "query B($no: Boolean!) { bill(id: 1) { id @skip(if: $no) ... @include(if: $no) { due amount } due } }"
    written = typescript(text)
    assert "readonly id?: string;" in written
    assert "readonly amount?: MinorUnits;" in written
    assert "readonly due: DateTime | null;" in written
    assert "id: str | None = None" in python(text)


def test_aliases_lists_nulls_scalars_and_enums_keep_their_types() -> None:
    text = "query B { mine: bills { amount state tags } }"
    assert "readonly mine: readonly Bill[];" in typescript(text)
    assert "readonly tags: readonly (readonly string[] | null)[] | null;" in typescript(text)
    assert "amount: MinorUnits\n" in python(text)
    assert "state: Annotated[State | str, OPEN]\n" in python(text)
    assert "tags: list[list[str] | None] | None\n" in python(text)


def test_one_type_selected_in_two_ways_has_two_names_and_in_one_way_one() -> None:
    found = read("query B { a: bill(id: 1) { id } b: bill(id: 2) { id } c: bill(id: 3) { id due } }")
    assert [shape.name for shape in found.shapes.values()] == ["Bill", "CBill", "Data"]


def test_a_nested_type_stands_before_what_refers_to_it() -> None:
    names = list(read("query B { bill(id: 1) { parent { parent { id } due } } }").shapes)
    assert names == ["Bill", "ParentBill", "BillBill", "Data"]


def test_inputs_carry_defaults_and_may_refer_to_themselves() -> None:
    modules = client_python.write(SCHEMA, [read(PAY)])
    assert "again: Deep | None = None" in modules["inputs.py"]
    assert "states: list[State] = Field(default_factory=lambda: ['OPEN'])" in modules["inputs.py"]
    assert "state: State = State.PAID" in modules["inputs.py"]
    assert modules["inputs.py"].index("class Deep") < modules["inputs.py"].index("class PayInput")
    assert 'class_ = "class"' in modules["enums.py"]
    assert "first?: number;" in typescript("query B($first: Int! = 20) { bills(first: $first) { id } }")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query B { plain { ... on Bill { id } } }", "select __typename in “plain”"),
        ("query B { plain { kind: __typename } }", "under its own name, not as “kind”"),
        ("query B($x: Boolean!) { plain { __typename @skip(if: $x) ... on Bill { id } } }", "select __typename"),
        ("{ bills { id } }", "one operation with a name"),
        ("query A { bills { id } } query B { bills { id } }", "one operation with a name"),
        ("query A { nothing }", "Cannot query field"),
    ],
)
def test_a_document_that_leaves_its_answer_open_is_refused_with_what_to_change(text: str, told: str) -> None:
    with pytest.raises(UnclearOperationError, match=r"^it: ") as caught:
        read(text)
    assert told in str(caught.value)


def test_files_of_operations_that_are_gone_are_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "PYTHON", tmp_path)
    monkeypatch.setattr(clients, "TYPESCRIPT", tmp_path)
    (tmp_path / "operations").mkdir()
    kept, gone = tmp_path / "operations" / "kept.py", tmp_path / "operations" / "gone.py"
    kept.write_text("x = 1\n")
    gone.write_text("y = 1\n")
    assert clients.stale({kept: "x = 1\n"}) == [gone]
    assert clients.stale({kept: "x = 2\n", gone: "y = 1\n"}) == [kept]


NEEDS_NPM = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed: TypeScript is not compiled")
USE = """
import { shimin, BridgeError } from "./bridge.js";
const due = await shimin.call<{ total: string }>("bills", {}, { idempotencyKey: "tap-1" });
const word: "submitted" | "cancelled" = await shimin.requestPayment(due.total);
const scale: number = shimin.theme.fontScale;
const stop = shimin.onShow(() => undefined);
stop();
export { word, scale, BridgeError };
"""
WRONG_USES = [
    "shimin.theme.fontScale = 2;",
    "const paid: 'paid' = await shimin.requestPayment('pay_1');",
    "await shimin.call('bills', {}, { key: 'tap-1' });",
    "await shimin.requestSubscribe('one');",
    "await shimin.reboot();",
]


def tsc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the compiler that the client is locked to."""
    folder = clients.TYPESCRIPT.parent
    if not (folder / "node_modules" / ".package-lock.json").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    command = [str(folder / "node_modules" / ".bin" / "tsc"), "--noEmit", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@NEEDS_NPM
def test_the_typescript_client_compiles_in_the_strictest_mode() -> None:
    done = tsc()
    assert done.returncode == 0, done.stdout


@NEEDS_NPM
def test_the_bridges_types_take_right_use_and_refuse_each_wrong_one(tmp_path: Path) -> None:
    for name in ("bridge.js", "bridge.d.ts"):
        shutil.copy(Path(__file__).parents[3] / "sdk" / "bridge" / name, tmp_path / name)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    strict = ("--strict", "--target", "ES2022", "--module", "NodeNext", "--lib", "ES2022,DOM")
    (tmp_path / "use.mts").write_text(USE)
    done = tsc(*strict, tmp_path / "use.mts")
    assert done.returncode == 0, done.stdout
    files = []
    for number, wrong in enumerate(WRONG_USES):
        files.append(tmp_path / f"wrong{number}.mts")
        files[-1].write_text(f'import {{ shimin }} from "./bridge.js";\n{wrong}\nexport {{}};\n')
    said = tsc(*strict, *files).stdout
    assert [file.name for file in files if f"{file.name}(2," not in said] == [], said
