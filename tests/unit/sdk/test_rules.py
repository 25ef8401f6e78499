"""Each rule of ``shimin-sdk check`` finds what it is there for, names the line, and leaves a good package alone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shimin_sdk.findings import Finding, catalogue
from shimin_sdk.pack import from_folder
from shimin_sdk.rules import check, check_files

APP = Path(__file__).parents[3] / "miniapps" / "social-security"
Files = dict[str, bytes]
SERVER, PAGE, SCRIPT = "server/app.py", "pages/overview/overview.html", "pages/overview/overview.js"
OVERVIEW = "operations/overview.graphql"


@pytest.fixture
def files() -> Files:
    return dict(from_folder(APP).files)


def add(name: str, text: str | bytes) -> Callable[[Files], None]:
    """Append a text to a file, or make the file."""
    data = text if isinstance(text, bytes) else text.encode()
    return lambda files: files.update({name: files.get(name, b"") + data})


def swap(name: str, old: str, new: str) -> Callable[[Files], None]:
    """Replace a text that the file holds."""

    def change(files: Files) -> None:
        assert old.encode() in files[name]
        files[name] = files[name].replace(old.encode(), new.encode(), 1)

    return change


def remove(name: str) -> Callable[[Files], None]:
    return lambda files: files.__delitem__(name)


def both(*changes: Callable[[Files], None]) -> Callable[[Files], None]:
    def apply(files: Files) -> None:
        for change in changes:
            change(files)

    return apply


def manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], None]:
    def apply(files: Files) -> None:
        value = json.loads(files["manifest.json"])
        change(value)
        files["manifest.json"] = json.dumps(value, indent=2).encode()

    return apply


BROKEN: list[tuple[str, str, Callable[[Files], None]]] = [
    ("E_MANIFEST_FILE", "manifest.json", manifest(lambda m: m["icons"].append({"src": "common/none.svg"}))),
    ("E_MANIFEST_FILE", "manifest.json", remove(OVERVIEW)),
    ("E_PAGE_ABSENT", "manifest.json", manifest(lambda m: m["pages"].append("pages/none/none"))),
    ("E_PAGE_LANG", PAGE, swap(PAGE, '<html lang="zh-Hans">', "<html>")),
    ("E_PAGE_TITLE", PAGE, swap(PAGE, "<title>临海社保</title>", "")),
    ("E_PAGE_ZOOM", PAGE, swap(PAGE, "initial-scale=1", "initial-scale=1, maximum-scale=1")),
    ("E_PAGE_ZOOM", PAGE, swap(PAGE, "initial-scale=1", "user-scalable = no")),
    ("E_PAGE_ALT", PAGE, swap(PAGE, "<template", '<img src="../../common/icon.svg"><template')),
    ("E_PAGE_LABEL", PAGE, swap(PAGE, "<template", "<input><template")),
    ("E_PAGE_LABEL", PAGE, swap(PAGE, "<template", '<select id="a"></select><label for="b">B</label><template')),
    ("E_CODE_REMOTE", PAGE, swap(PAGE, 'src="overview.js"', 'src="https://cdn.example/a.js"')),
    ("E_CODE_REMOTE", PAGE, swap(PAGE, 'href="../../app.css"', 'href="//cdn.example/a.css"')),
    ("E_CODE_REMOTE", "app.css", add("app.css", "@import 'https://cdn.example/a.css';")),
    ("E_CODE_REMOTE", "app.css", add("app.css", "a { background: url(//cdn.example/a.png) }")),
    ("E_CODE_REMOTE", SCRIPT, add(SCRIPT, 'await import("https://cdn.example/a.js");')),
    ("E_CODE_REMOTE", SCRIPT, add(SCRIPT, "fetch('https://collector.example/')")),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", "<script>alert(1)</script><template")),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<main>", '<main onclick="go()">')),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", '<a href=" JavaScript:go()">x</a><template')),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", "<!--><script>go()</script>--><template")),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", '<a href="java&#10;script:go()">x</a><template')),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", "<ScRiPt/>go()</sCrIpT ><template")),
    ("E_CODE_REMOTE", PAGE, swap(PAGE, "<template", "<img alt='' src=https://cdn.example/a.png><template")),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", "<p =><script>go()</script><template")),
    ("E_CODE_INLINE", PAGE, swap(PAGE, "<template", "<svg><style><script>go()</script></style></svg><template")),
    ("E_CODE_REMOTE", PAGE, swap(PAGE, "<template", '<meta http-equiv="Refresh" content="0"><template')),
    ("E_CODE_INLINE", "common/icon.svg", swap("common/icon.svg", "</svg>", "<script>go()</script></svg>")),
    ("E_CODE_EVAL", SCRIPT, add(SCRIPT, "eval(text);")),
    ("E_CODE_EVAL", SCRIPT, add(SCRIPT, "new Function(text);")),
    ("E_CODE_EVAL", SCRIPT, add(SCRIPT, "setTimeout('go()', 1);")),
    ("E_CODE_EVAL", SERVER, add(SERVER, "eval('1')\n")),
    ("E_CODE_EVAL", SERVER, add(SERVER, "run = exec\n")),
    ("E_CODE_EVAL", SERVER, add(SERVER, "().__class__.__base__.__subclasses__()\n")),
    ("E_CODE_SYNTAX", SERVER, add(SERVER, "def broken(:\n")),
    ("E_CODE_SYNTAX", SERVER, add(SERVER, b"\0")),
    ("E_CODE_SYNTAX", SERVER, add(SERVER, "x = " + "(" * 5_000)),
    ("E_CODE_SYNTAX", SERVER, add(SERVER, "x = " + "-" * 20_000 + "1\n")),
    ("E_CODE_IMPORT", SERVER, add(SERVER, "import socket\n")),
    ("E_CODE_IMPORT", SERVER, add(SERVER, "def f() -> None:\n    from urllib import request\n")),
    ("E_CODE_IMPORT", SERVER, add(SERVER, "from shimin_sdk import testing\n")),
    ("E_CODE_IMPORT", SERVER, add(SERVER, "from . import accounts\n")),
    ("E_CODE_MODULE", "server/json.py", add("server/json.py", "A = 1\n")),
    ("E_CODE_MODULE", "server/shimin_package.py", add("server/shimin_package.py", "A = 1\n")),
    ("E_FILE_BIG", "server/big.py", add("server/big.py", "A = 1\n" * 50_000)),
    ("E_FILE_BIG", PAGE, add(PAGE, "<!--" * 70_000)),
    ("E_CODE_NO_APP", SERVER, swap(SERVER, "app = App()", "service = App()")),
    ("E_CODE_SECRET", SERVER, add(SERVER, 'HRSS_PASSWORD = "correct-horse"\n')),
    ("E_CODE_SECRET", SCRIPT, add(SCRIPT, "// -----BEGIN PRIVATE " + "KEY-----\n")),
    ("E_DOC_UNDECLARED", SERVER, add(SERVER, 'OTHER = "operations/other.graphql"\n')),
    ("E_DOC_UNDECLARED", SERVER, manifest(lambda m: m["shimin"]["operations"]["required"].pop(1))),
    ("E_DOC_STRAY", "operations/other.graphql", add("operations/other.graphql", "query Other { a }")),
    ("E_DOC_TWICE", "manifest.json",
        manifest(lambda m: m["shimin"]["operations"]["optional"].append(m["shimin"]["operations"]["required"][0]))),
    ("E_DOC_SHAPE", OVERVIEW, add(OVERVIEW, "query Second { a }")),
    ("E_DOC_SHAPE", OVERVIEW, swap(OVERVIEW, "query Overview", "")),
    ("E_DOC_SYNTAX", OVERVIEW, add(OVERVIEW, "}")),
    ("E_DOC_SYNTAX", OVERVIEW, add(OVERVIEW, "type A { a: Int }")),
    ("E_DOC_SYNTAX", OVERVIEW, add(OVERVIEW, "query A " + "{a" * 60 + "}" * 60)),
    ("E_DOC_SYNTAX", OVERVIEW, add(OVERVIEW, "% what")),
    ("E_FILE_ENCODING", OVERVIEW, add(OVERVIEW, b"# \xff")),
    ("W_DOC_UNUSED", "manifest.json", both(
        add("operations/other.graphql", "query Other { a }"),
        manifest(lambda m: m["shimin"]["operations"]["optional"].append(
            {"document": "operations/other.graphql", "purpose": "purpose.overview", "retention": "P0D"})),
    )),
    ("E_TEXT_LOCALE", "", remove("i18n/en.json")),
    ("E_TEXT_MISSING", "i18n/en.json", swap("i18n/en.json", "bill.unknown", "bill.unknown_too")),
    ("E_TEXT_MISSING", SERVER, add(SERVER, 'raise UserError("no.such_text")\n')),
    ("E_TEXT_MISSING", SCRIPT, add(SCRIPT, 'say("no.such_text");')),
    ("E_TEXT_MISSING", PAGE, swap(PAGE, "page.retry", "page.no_such_text")),
    ("E_TEXT_MISSING", "manifest.json", manifest(lambda m: m["shimin"].update(messages=["paid.note"]))),
    ("E_TEXT_MISSING", "manifest.json", manifest(
        lambda m: m["shimin"]["operations"]["required"][0].update(purpose="purpose.none"))),
    ("E_TEXT_SLOT", "i18n/en.json", swap("i18n/en.json", "CNY {amount} in total", "CNY {total} in total")),
    ("E_TEXT_SHAPE", "i18n/en.json", swap("i18n/en.json", '"pay.submit": "Pay"', '"pay.submit": ["Pay"]')),
    ("W_TEXT_UNUSED", "i18n/zh-Hans.json", both(
        swap("i18n/en.json", "{", '{\n"nobody.says": "x",'),
        swap("i18n/zh-Hans.json", "{", '{\n"nobody.says": "x",'),
    )),
    ("E_FORM_MISSING", "forms/pay.json", swap("forms/pay.json", '"title": "pay.title",', "")),
    ("E_FORM_UNKNOWN", "forms/pay.json", swap("forms/pay.json", '"required": true', '"mandatory": true')),
    ("E_FORM_FIELD", "forms/pay.json", swap("forms/pay.json", '"maxLength": 64', '"maxLength": 0')),
    ("E_FORM_OPERATION", "forms/pay.json", swap("forms/pay.json", "pay_bill", "pay_everything")),
]  # fmt: skip

PROVOKED_ELSEWHERE = (
    "E_ZIP_",
    "E_NAME_",
    "E_SIZE_",
    "E_MANIFEST_",
    "E_JSON_",
    "E_DOC_SCHEMA",
    "E_DOC_TYPES",
    "E_OPERATIONS_",
)


def test_the_sample_mini_app_has_no_finding(files: Files) -> None:
    assert check(APP) == []
    assert check_files(files) == []


@pytest.mark.parametrize(
    ("code", "file", "spoil"), [pytest.param(*case, id=f"{case[0]}-{at}") for at, case in enumerate(BROKEN)]
)
def test_what_a_rule_is_there_for_is_found(code: str, file: str, spoil: Callable[[Files], None], files: Files) -> None:
    """The file is named, and the line where a line can be."""
    spoil(files)
    found = [item for item in check_files(files) if item.code == code]
    assert found
    assert file in {item.file for item in found}
    for item in found:
        assert 0 <= item.line <= files.get(item.file, b"").count(b"\n") + 1


def test_each_rule_code_has_a_package_that_provokes_it() -> None:
    rules = {code for code in catalogue() if not code.startswith(PROVOKED_ELSEWHERE)} | {"E_MANIFEST_FILE"}
    assert rules == {code for code, *_ in BROKEN} | {"E_FOLDER_FILE"}


def test_a_link_in_the_folder_is_a_finding(tmp_path: Path) -> None:
    """A link could name any file of the machine that packs."""
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "app.js").symlink_to("/etc/hostname")
    assert [item.code for item in check(tmp_path)] == ["E_FOLDER_FILE"]


def test_the_line_of_a_finding_is_exact(files: Files) -> None:
    before = files[SERVER].count(b"\n") + 1
    add(SERVER, "import socket\n")(files)
    (found,) = [item for item in check_files(files) if item.code == "E_CODE_IMPORT"]
    assert (found.place, found.params) == (f"{SERVER}:{before}", {"module": "socket"})


def test_every_code_says_what_is_wrong_and_what_to_do_in_both_languages() -> None:
    for code, words in catalogue().items():
        finding = Finding(code, "common/a.css")
        for locale in ("zh-Hans", "en"):
            assert finding.message(locale), code
            assert finding.fix(locale), code
        assert words["says"].keys() == {"zh-Hans", "en"} == words["fix"].keys(), code


def test_a_finding_never_repeats_a_secret(files: Files) -> None:
    add(SERVER, 'token_secret = "kept-from-everyone"\n')(files)
    (found,) = [item for item in check_files(files) if item.code == "E_CODE_SECRET"]
    assert "kept-from-everyone" not in json.dumps(found.as_json())


def test_warnings_never_crowd_out_an_error(files: Files) -> None:
    """A package with more warnings than are shown is still refused for its one error, in its last file."""
    words = {f"a.b{n}": "x" for n in range(1_000)}
    for locale in ("zh-Hans", "en"):
        known = json.loads(files[f"i18n/{locale}.json"])
        files[f"i18n/{locale}.json"] = json.dumps({**words, **known}).encode()
    add(SERVER, "import socket\n")(files)
    found = check_files(files)
    assert [item.code for item in found if item.severity == "error"] == ["E_CODE_IMPORT"]
    assert {item.code for item in found if item.severity == "warning"} == {"W_TEXT_UNUSED"}


def test_what_a_comment_holds_is_not_the_page(files: Files) -> None:
    """Old markup in a comment, a link for a person to follow, and a text about scripts are all fine."""
    text = "<!-- <script>old()</script> <img> --><a href='https://example.cn/'>x</a><p>&lt;script&gt;</p><template"
    swap(PAGE, "<template", text)(files)
    assert check_files(files) == []


HOSTILE = {
    "comments that do not end": (PAGE, "<!--" * 60_000),
    "titles that do not end": (PAGE, "<title>" * 35_000),
    "tags that do not end": (PAGE, "<a " * 80_000),
    "an import and a desert": (SCRIPT, "import" + " " * 1_000_000),
    "tokens that begin everywhere": (SCRIPT, "eyJ-" * 200_000),
    "passwords everywhere": (SCRIPT, "password-" * 100_000),
    "quotes that do not end": ("forms/more.json", '{"a": ' + '\\"' * 100_000),
    "many texts": ("i18n/en.json", "{" + ",".join(f'"a.b{n}":"x"' for n in range(15_000)) + "}"),
    "deep code": (SERVER, "a" + ".b" * 100_000),
    "block texts that do not end": (OVERVIEW, '"""\\' * 15_000),
    "scripts everywhere": (PAGE, "<script>1</script>" * 10_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_checked_in_bounded_time(name: str, files: Files) -> None:
    """The platform runs these rules on what anybody uploads; a slow rule is an outage."""
    path, text = HOSTILE[name]
    files[path] = text.encode()
    began = time.process_time()
    assert len(check_files(files)) <= 400
    assert time.process_time() - began < 5
