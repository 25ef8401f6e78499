"""What a developer can rely on at the desk: who may knock, what payments become, what a call used."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shimin_sdk.cli.commands import app as cli
from shimin_sdk.cli.new import Names, create
from shimin_sdk.dev import Backend, DevServer
from shimin_sdk.dev.fields import fields_of

APP = Path(__file__).parents[3] / "miniapps" / "social-security"
OVERVIEW = "operations/overview.graphql"
LIN, CHEN = "sub_dev_1", "sub_dev_2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(APP, tmp_path / "app"))


@pytest.fixture
def backend(folder: Path) -> Backend:
    opened = Backend(folder)
    opened.decide(LIN, OVERVIEW, "grant")
    return opened


@pytest.fixture
def server(folder: Path) -> Iterator[DevServer]:
    with DevServer(folder) as opened:
        yield opened


def ask(server: DevServer, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode("utf-8", "replace"), answer.headers
    connection.close()
    return found


def asked(backend: Backend, key: str = "tap-1") -> str:
    answer = backend.call(LIN, "en", "pay_bill", {"billReference": "HR-2026-11"}, key)
    assert answer["ok"], answer
    return str(answer["result"]["paymentId"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "http://attacker.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://attacker.test", "host": "attacker.test"}, 403),
        ({"origin": "HERE"}, 200),
    ],
)
def test_only_the_phones_own_page_works_its_buttons(server: DevServer, headers: dict[str, str], status: int) -> None:
    here = f"http://127.0.0.1:{server.port}"
    sent = {name: here if value == "HERE" else value for name, value in headers.items()}
    body = json.dumps({"subject": LIN, "locale": "en", "document": OVERVIEW, "decision": "grant"})
    assert ask(server, "POST", f"/{server.shell_secret}/decide", body, **sent)[0] == status
    granted = server.backend.state(LIN, "en")["granted"]
    assert granted == ([OVERVIEW] if status == 200 else [])


@pytest.mark.parametrize("name", ["", "wrong", "PAGES"])
def test_a_page_that_knows_its_own_address_cannot_work_the_phone(server: DevServer, name: str) -> None:
    secret = server.page_secret if name == "PAGES" else name
    here = f"http://127.0.0.1:{server.port}"
    assert ask(server, "POST", f"/{secret}/state", json.dumps({"subject": LIN, "locale": "en"}), origin=here)[0] == 403
    assert ask(server, "GET", f"/{secret}/phone.html")[0] == 404


def test_a_name_made_to_point_at_this_machine_is_refused(server: DevServer) -> None:
    path = f"/{server.shell_secret}/phone.html"
    assert ask(server, "GET", path)[0] == 200
    assert ask(server, "GET", path, host="attacker.test")[0] == 421
    assert ask(server, "GET", path, host=f"attacker.test:{server.port}")[0] == 421


@pytest.mark.parametrize(
    "name",
    [
        "server/app.py", "operations/overview.graphql", "i18n/en.json", "tests/test_social_security.py", "none.json",
        "dev/citizens.json", "pages/../server/app.py", "pages/%2e%2e/server/app.py", "pages/none.html", "pages/link.js",
    ],
)  # fmt: skip
def test_pages_get_the_files_that_the_phone_would_show_and_no_other(server: DevServer, name: str) -> None:
    secret = server.backend.folder.parent / "secret.js"
    secret.write_text("secret", "utf-8")
    (server.backend.folder / "pages" / "link.js").symlink_to(secret)
    assert ask(server, "GET", f"/{server.page_secret}/{name}")[0] == 404


def test_a_page_runs_in_an_opaque_origin_and_reaches_nothing(server: DevServer) -> None:
    status, _, headers = ask(server, "GET", f"/{server.page_secret}/pages/overview/overview.html")
    policy = headers["content-security-policy"]
    assert (status, headers["access-control-allow-origin"]) == (200, "null")
    assert {"sandbox allow-scripts", "default-src 'none'", "connect-src 'none'"} <= set(policy.split("; "))


@pytest.mark.parametrize("body", ["", "[]", "{", "{}", "null", '{"subject": 1}', '{"subject": "x", "locale": 3}'])
def test_what_is_no_question_gets_a_plain_no_and_the_server_lives_on(server: DevServer, body: str) -> None:
    here = f"http://127.0.0.1:{server.port}"
    assert ask(server, "POST", f"/{server.shell_secret}/call", body, origin=here)[0] == 400
    assert ask(server, "GET", f"/{server.shell_secret}/phone.html")[0] == 200


def test_who_refused_is_not_asked_again_and_who_withdrew_is_read_no_more(backend: Backend) -> None:
    codes = []
    for decision in ("grant", "withdraw", "refuse", "grant"):
        backend.decide(LIN, OVERVIEW, decision)
        codes.append(backend.call(LIN, "en", "overview", {}, None).get("error", {}).get("code", "OK"))
    assert codes == ["OK", "CONSENT_REQUIRED", "CONSENT_DENIED", "OK"]


def test_the_sheet_names_what_the_document_reads(backend: Backend) -> None:
    answer = backend.call(CHEN, "zh-Hans", "overview", {}, None)
    sheet = json.loads(answer["error"]["detail"])
    assert sheet["purpose"] == "向您显示养老和医疗保险账户余额、缴费月数和待缴账单"
    assert "socialInsurance.pension.monthsPaid" in sheet["fields"]
    assert backend.calls[-1].fields == []  # nothing ran, so nothing was read


@pytest.mark.parametrize(
    ("outcome", "bill", "messages"),
    [
        ("paid", "PAID", ["Payment received"]),
        ("failed", "DUE", ["Payment failed"]),
        ("twice", "PAID", ["Payment received"]),
        ("refunded", "DUE", ["Refunded", "Payment received"]),
        ("cancelled", "DUE", []),
    ],
)
def test_each_end_of_a_payment_reaches_the_bill_and_the_inbox(
    backend: Backend, outcome: str, bill: str, messages: list[str]
) -> None:
    word = backend.pay(LIN, asked(backend), outcome)["result"]
    assert word == ("cancelled" if outcome == "cancelled" else "submitted")
    shown = backend.call(LIN, "en", "overview", {}, None)["result"]["billsDue"]
    assert ("HR-2026-11" in [one["reference"] for one in shown]) == (bill == "DUE")
    assert [one["title"]["en"] for one in backend.state(LIN, "en")["inbox"]] == messages
    assert backend.state(CHEN, "en")["inbox"] == []


def test_a_late_payment_is_open_first_and_settles_afterwards(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shimin_sdk.dev.backend.LATE_S", 0.2)
    payment = asked(backend)
    backend.pay(LIN, payment, "late")
    assert backend.payment(LIN, payment)["result"]["state"] == "REQUESTED"
    deadline = time.monotonic() + 10
    while backend.payment(LIN, payment)["result"]["state"] != "SETTLED":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_panel_shows_what_a_call_used_and_a_bug_shows_the_page_nothing(backend: Backend) -> None:
    backend.call(LIN, "en", "overview", {}, None)
    used = backend.calls[-1]
    assert (used.host_calls, used.code) == ([f"execute {OVERVIEW}"], "OK")
    assert used.cpu_ms > 0
    assert used.memory_kib > 0
    entry = backend.folder / "server" / "app.py"
    entry.write_text(entry.read_text("utf-8").replace("insurance = call", "1 / 0; insurance = call"), "utf-8")
    backend.reload()
    answer = backend.call(LIN, "en", "overview", {}, None)
    assert answer["error"] == {"code": "INTERNAL", "message": "", "detail": None}
    trace = backend.calls[-1].trace
    assert ("ZeroDivisionError" in trace, "server/app.py" in trace) == (True, True)
    assert "shimin_sdk" not in trace  # the developer's own lines alone


def test_a_save_is_seen_within_a_second_and_payments_outlive_it(server: DevServer) -> None:
    server.backend.decide(LIN, OVERVIEW, "grant")
    server.backend.pay(LIN, asked(server.backend), "paid")
    entry = server.backend.folder / "server" / "app.py"
    before, started = server.backend.generation, time.monotonic()
    entry.write_text(f"{entry.read_text('utf-8')}\n# saved\n", "utf-8")
    while server.backend.generation == before:
        assert time.monotonic() - started < 1
        time.sleep(0.005)
    due = server.backend.call(LIN, "en", "overview", {}, None)["result"]["billsDue"]
    assert [one["reference"] for one in due] == ["HR-2026-12"]


LISTENER = """

@app.on("payment.settled")
def paid(call: Call, fact: object) -> None:
    call.messages.send("receipt", amount=fact.amount)
"""


def test_a_mini_app_that_listens_is_told_of_a_payment_and_its_message_is_there_once(backend: Backend) -> None:
    entry, manifest = backend.folder / "server" / "app.py", backend.folder / "manifest.json"
    entry.write_text(f"{entry.read_text('utf-8')}{LISTENER}", "utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace('"messages": []', '"messages": ["receipt"]'), "utf-8")
    texts = backend.folder / "i18n" / "en.json"
    words = {"receipt.title": "We got {amount}", "receipt.body": "{amount}, {thanks}"}
    texts.write_text(json.dumps(json.loads(texts.read_text("utf-8")) | words), "utf-8")
    backend.reload()
    assert backend.problem == ""
    backend.pay(LIN, asked(backend), "twice")
    note, receipt = backend.state(LIN, "en")["inbox"]
    assert (note["title"]["en"], receipt["title"]["en"]) == ("We got 360.50 CNY", "Payment received")
    assert note["body"]["en"] == "360.50 CNY, {thanks}"  # a place without words shows itself
    told = [(one.operation, one.code, one.trace) for one in backend.calls[-2:]]
    assert told == [("payment.settled", "OK", "")] * 2  # told twice, as a channel may do


def test_an_answer_that_nobody_invented_says_where_to_write_it(backend: Backend) -> None:
    file = backend.folder / "dev" / "citizens.json"
    citizens = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps([one | {"answers": {}} for one in citizens]), "utf-8")
    fresh = Backend(backend.folder)
    fresh.decide(LIN, OVERVIEW, "grant")
    assert fresh.call(LIN, "en", "overview", {}, None)["error"]["code"] == "INTERNAL"
    assert f"dev/citizens.json has no answer for {OVERVIEW}" in fresh.calls[-1].trace


def test_without_a_file_of_citizens_one_has_what_the_mini_app_rehearses(folder: Path) -> None:
    (folder / "dev" / "citizens.json").unlink()
    backend = Backend(folder)
    backend.decide("sub_dev_sample", OVERVIEW, "grant")
    assert backend.call("sub_dev_sample", "en", "overview", {}, None)["result"]["pension"]["monthsPaid"] == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '[{"subject": "a"}]', "[1]"])
def test_citizens_that_cannot_be_read_are_a_problem_on_the_panel(folder: Path, text: str) -> None:
    (folder / "dev" / "citizens.json").write_text(text, "utf-8")
    assert "dev/citizens.json" in Backend(folder).problem


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ("{ a }", ["a"]),
        ("query Q($x: I!) { a(x: $x, y: {z: 1}) { b c: d } }", ["a.b", "a.d"]),
        ("query Q { a { __typename ... on B { c } ...F } } fragment F on B { e { f } }", ["a.c", "e.f"]),
        ('{ a(text: "{ no }") @include(if: true) { b } # c\n }', ["a.b"]),
        ("{", []),
    ],
)
def test_the_fields_of_a_document_are_its_leaves(document: str, fields: list[str]) -> None:
    assert fields_of(document) == fields


def test_a_breakpoint_in_a_handler_is_reached(folder: Path) -> None:
    (folder.parent / "probe.py").write_text("def stop():\n    print('stopped here', flush=True)\n", "utf-8")
    entry = folder / "server" / "app.py"
    entry.write_text(entry.read_text("utf-8").replace("insurance = call", "breakpoint(); insurance = call"), "utf-8")
    program = f"""
import json, urllib.request
from pathlib import Path
from shimin_sdk.dev import DevServer
with DevServer(Path({str(folder)!r})) as server:
    body = json.dumps({{"subject": {LIN!r}, "locale": "en", "operation": "overview"}}).encode()
    url = server.url.replace("phone.html", "call")
    origin = f"http://127.0.0.1:{{server.port}}"
    print(urllib.request.urlopen(urllib.request.Request(url, body, {{"Origin": origin}})).read().decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONBREAKPOINT": "probe.stop", "PYTHONPATH": str(folder.parent)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ("stopped here" in done.stdout, "CONSENT_REQUIRED" in done.stdout) == (True, True), done.stderr


@pytest.mark.parametrize(
    ("template", "operation", "sent", "key"),
    [
        ("query", "balance", {}, None),
        ("pay", "bills", {}, None),
        ("pay", "pay", {"billReference": "B-1"}, "tap-1"),
        ("case", "cases", {}, None),
        ("case", "apply", {"kind": "new", "wantedOn": "2999-01-01"}, "tap-1"),
    ],
)
def test_a_new_mini_app_of_each_template_answers_on_the_desk(
    tmp_path: Path, template: str, operation: str, sent: dict[str, str], key: str | None
) -> None:
    create(tmp_path / "app", Names("linhai.test.probe", "linhai.test", "服务", "Service"), template)
    desk = Backend(tmp_path / "app")
    assert desk.problem == ""
    answers = []
    for citizen in ("sub_dev_1", "sub_dev_2") if key is None else ("sub_dev_1",):
        for document in (tmp_path / "app" / "operations").glob("*.graphql"):
            desk.decide(citizen, f"operations/{document.name}", "grant")
        answer = desk.call(citizen, "en", operation, sent, key)
        assert answer["ok"], (answer, desk.calls[-1].trace)
        answers.append(json.dumps(answer["result"]))
    assert len(set(answers)) == len(answers)  # each citizen their own data


def test_the_command_says_where_the_phone_is_and_ends_at_ctrl_c(folder: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from shimin_sdk.cli import main; main()",
        "dev",
        str(folder),
        "--no-open",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        said = json.loads(started.stdout.readline())
        with urllib.request.urlopen(said["url"], timeout=10) as answer:  # noqa: S310 - our own
            assert 'sandbox="allow-scripts"' in answer.read().decode()
        assert said["url"].startswith("http://127.0.0.1:")
        started.send_signal(signal.SIGINT)
        assert started.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["none"], "has no manifest.json"),
        ([str(APP), "--port", "TAKEN"], "cannot be used"),
        ([str(APP), "--sandbox"], "make install-run"),
    ],
)
def test_the_command_says_what_to_do_instead(
    options: list[str], says: str, server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shimin_sdk.dev.walls.GROUP", "shimin_sdk.nothing")
    asked = [str(server.port) if item == "TAKEN" else item for item in options]
    done = CliRunner().invoke(cli, ["dev", *asked, "--no-open", "--lang", "en"])
    assert (done.exit_code, says in " ".join(done.output.split())) == (2, True), done.output
