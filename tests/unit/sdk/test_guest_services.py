"""What handlers can rely on beyond documents: facts, payments without a bill, messages, store, files, connectors."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from shimin_sdk import (
    App,
    Asked,
    Call,
    ConsentDenied,
    ConsentRequired,
    FileInfo,
    HostError,
    Input,
    MiniAppError,
    Money,
    NotAvailable,
    Operation,
    Page,
    PageAsked,
    Payment,
    PaymentFailed,
    PaymentRefunded,
    PaymentSettled,
    Reply,
    UserError,
)
from shimin_sdk.codes import HELP, NUMBERS, number_of
from shimin_sdk.errors import _BY_CODE
from shimin_sdk.package import PackageData
from shimin_sdk.testing import CitizenPhone, MemoryHost, TestClock
from shimin_sdk.words import WORDS

LIST = "operations/list.graphql"
PACKAGE = PackageData(
    manifest={
        "app_id": "linhai.test.app",
        "lang": "en",
        "version": {"code": 1, "name": "1.0.0"},
        "shimin": {
            "operations": {"required": [{"document": LIST, "purpose": "p", "retention": "P0D"}]},
            "payments": ["topup"],
            "messages": ["receipt"],
            "connectors": [{"name": "hrss", "origin": "https://api.hrss.example"}],
        },
    },
    documents=(LIST,),
)


@dataclass(frozen=True)
class Info:
    has_next_page: bool
    end_cursor: str | None


@dataclass(frozen=True)
class Listed:
    names: list[str]
    page_info: Info


@dataclass(frozen=True)
class Filters(Input):
    city: str | None = None
    since: dt.date | None = None


@dataclass(frozen=True)
class List(Asked[Listed]):
    OPERATION = Operation(LIST, Listed)

    filters: Filters
    after: str | None = None


@dataclass(frozen=True)
class TopUp:
    amount: Money


@dataclass(frozen=True)
class Draft:
    text: str


app = App(PACKAGE)


@app.action
def top_up(call: Call, form: TopUp) -> Payment:
    return call.payments.create(amount=form.amount, subject="topup")


@app.on("payment.settled")
def settled(call: Call, fact: PaymentSettled) -> None:
    call.messages.send("receipt", amount=fact.amount, receipt=fact.receipt_number, at=fact.settled_at)


@app.on("payment.failed")
def failed(call: Call, fact: PaymentFailed) -> None:
    call.messages.send("receipt", failed=fact.payment_id)


@app.on("payment.refunded")
def refunded(call: Call, fact: PaymentRefunded) -> None:
    call.messages.send("receipt", refunded=fact.amount)


@app.action
def save(call: Call, form: Draft) -> int:
    before = call.store.get("draft", Draft)
    return call.store.put("draft", form, version=before.version if before else 0)


@app.query
def draft(call: Call) -> Draft | None:
    found = call.store.get("draft", Draft)
    return found.value if found else None


@app.query
def names(call: Call, form: PageAsked) -> Page[str]:
    found = [
        name
        for data in call.pages(lambda after: List(Filters(city="x"), after), page_info=lambda data: data.page_info)
        for name in data.names
    ]
    return Page(found[: form.first], None)


@app.query
def twice(call: Call) -> list[str]:
    return call.execute(List(Filters())).names + call.execute(List(Filters())).names


@app.action
def write(call: Call) -> FileInfo:
    return call.files.info(call.files.write_text("a.txt", call.files.read_text("file_1") + "!").handle)


@app.query
def account(call: Call) -> Draft:
    return call.fetch("hrss", "/v1/account", query={"q": "林"}).read(Draft)


@app.action
def moment(call: Call) -> list[str]:
    return [call.clock.now().isoformat(), call.clock.today().isoformat(), str(call.random.randrange(10**12))]


@pytest.fixture
def citizen() -> CitizenPhone:
    host = MemoryHost(PACKAGE, {LIST: "query List { viewer { id } }"}, "en")
    return CitizenPhone(app, host, "sub_1", "en", TestClock())


def top_up_100(citizen: CitizenPhone, key: str = "k") -> str:
    asked = citizen.call("top_up", {"amount": {"amountMinor": "100", "currency": "CNY"}}, key=key)
    assert asked["state"] == "REQUESTED"
    return str(asked["id"])


def test_a_payment_that_is_notified_twice_or_late_sends_one_receipt(citizen: CitizenPhone) -> None:
    payment_id = top_up_100(citizen)
    assert top_up_100(citizen) == payment_id
    citizen.confirm(payment_id)
    assert citizen.inbox == []
    citizen.clock.advance(days=2)
    citizen.notify(payment_id)
    citizen.notify(payment_id)
    (message,) = citizen.inbox
    assert message.params["at"] == "2026-12-03T01:00:00+00:00"
    citizen.pay(top_up_100(citizen, "k2"), notified=3)
    assert len(citizen.inbox) == 2


def test_a_failed_and_a_refunded_payment_are_told(citizen: CitizenPhone) -> None:
    first, second = top_up_100(citizen, "1"), top_up_100(citizen, "2")
    citizen.fail(first)
    with pytest.raises(AssertionError, match="only a settled payment"):
        citizen.refund(first)
    citizen.pay(second)
    citizen.refund(second)
    assert [sorted(item.params) for item in citizen.inbox] == [["failed"], ["amount", "at", "receipt"], ["refunded"]]


def test_the_same_payment_id_never_pays_for_something_else(citizen: CitizenPhone) -> None:
    top_up_100(citizen)
    other = {"amount": {"amountMinor": "101", "currency": "CNY"}}
    assert citizen.refused("top_up", other, key="k").code == "IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize("fact", [None, {}, {"id": ""}, {"id": 5}, "payment.settled"])
def test_a_page_cannot_make_a_fact(citizen: CitizenPhone, fact: object) -> None:
    """Only the core says who sent an envelope; calling a fact by its name is calling nothing."""
    forged = {"paymentId": "p", "subject": "topup", "amount": {"amountMinor": "1", "currency": "CNY"}}
    with pytest.raises(UserError) as refused:
        citizen._dispatch("payment.settled", forged, {"fact": fact, "idempotencyKey": "k"})
    assert refused.value.code == "OPERATION_UNKNOWN"
    assert citizen.inbox == []


def test_a_fact_can_be_listened_to_once_and_must_exist() -> None:
    other: Any = App(PACKAGE)
    other.on("payment.failed")(failed)
    for name in ("payment.failed", "payment.celebrated"):
        with pytest.raises(ValueError, match="listen once"):
            other.on(name)
    with pytest.raises(TypeError, match="fact: PaymentSettled"):
        other.on("payment.settled")(lambda call: call)
    assert other.listens_to == ("payment.failed",)


def test_a_value_is_stored_for_one_citizen_and_changed_only_from_its_latest_version(citizen: CitizenPhone) -> None:
    assert citizen.call("draft") is None
    assert citizen.call("save", {"text": "a"}, key="1") == 1
    assert citizen.call("save", {"text": "b"}, key="2") == 2
    assert citizen.call("draft") == {"text": "b"}
    other = App(PACKAGE)

    @other.action
    def overwrite(call: Call) -> list[str]:
        with pytest.raises(HostError) as refused:
            call.store.put("draft", "x", version=1)
        call.store.put("draft/2", Money(5))
        call.store.delete("draft")
        call.store.delete("draft")
        stored = call.store.get("draft/2", Money)
        return [refused.value.code, *call.store.keys("draft"), str(stored.value if stored else None)]

    again = CitizenPhone(other, citizen.host, "sub_1", "en", citizen.clock)
    assert again.call("overwrite", key="3") == ["STORE_CONFLICT", "draft/2", "0.05 CNY"]


Bad = Callable[[Call], object]
CHANGES: dict[str, Bad] = {
    "a payment": lambda call: call.payments.create(amount=Money(1), subject="topup"),
    "a message": lambda call: call.messages.send("receipt"),
    "a stored value": lambda call: call.store.put("a", 1),
    "a deleted value": lambda call: call.store.delete("a"),
    "a file": lambda call: call.files.write_text("a.txt", ""),
    "a request that changes something": lambda call: call.fetch("hrss", "/", method="POST"),
}
MISTAKES: dict[str, tuple[Bad, type[Exception], str]] = {
    "nothing to pay": (lambda call: call.payments.create(amount=Money(0), subject="topup"), ValueError, "more than"),
    "a payment not declared": (
        lambda call: call.payments.create(amount=Money(1), subject="x"), HostError, "PAYMENT_NOT_DECLARED"),
    "a message not declared": (lambda call: call.messages.send("x"), HostError, "MESSAGE_NOT_DECLARED"),
    "a connector not declared": (lambda call: call.fetch("x", "/"), HostError, "CONNECTOR_NOT_AVAILABLE"),
    "a key with capitals": (lambda call: call.store.get("A", str), ValueError, "a key is"),
    "a big value": (lambda call: call.store.put("a", "x" * 70_000), ValueError, "65536 bytes"),
    "a big file": (lambda call: call.files.write_text("a", "x" * 300_000), ValueError, "262144 characters"),
    "a file of nobody": (lambda call: call.files.info("file_9"), HostError, "NOT_FOUND"),
    "a path elsewhere": (lambda call: call.fetch("hrss", "//evil.example/"), ValueError, "begins with one /"),
    "a relative path": (lambda call: call.fetch("hrss", "v1"), ValueError, "begins with one /"),
    "a query in the path": (lambda call: call.fetch("hrss", "/v1?a=b"), ValueError, "query="),
    "a header in the path": (lambda call: call.fetch("hrss", "/v1\r\nHost: x"), ValueError, "begins with one /"),
    "a big body": (lambda call: call.fetch("hrss", "/", method="PUT", body="x" * 300_000), ValueError, "262144"),
}  # fmt: skip


def run_in(kind: str, body: Bad, host: object) -> None:
    one: Any = App(PACKAGE)

    def handler(call: Call) -> None:
        body(call)

    (one.action if kind == "action" else one.query)(handler)
    CitizenPhone(one, host, "sub_1", "en", TestClock()).call("handler", key="k")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CHANGES)
def test_a_query_changes_nothing(name: str, citizen: CitizenPhone) -> None:
    with pytest.raises(RuntimeError, match=r"@app\.action"):
        run_in("query", CHANGES[name], citizen.host)
    assert (citizen.host.payments, citizen.inbox, citizen.host.services.store, citizen.host.fetched) == ({}, [], {}, [])


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_before_the_core_is_asked(name: str, citizen: CitizenPhone) -> None:
    body, kind, words = MISTAKES[name]
    with pytest.raises(kind, match=words):
        run_in("action", body, citizen.host)
    assert citizen.host.fetched == []


@pytest.mark.parametrize("name", [name for name in CHANGES if "request" not in name])
def test_a_platform_without_a_service_says_so(name: str) -> None:

    class Bare:
        def ask(self, service: str, request: str, /) -> str:
            raise HostError("SERVICE_NOT_AVAILABLE", f"{service} {request}")

    with pytest.raises(NotAvailable) as refused:
        run_in("action", CHANGES[name], Bare())
    assert (refused.value.code, refused.value.number) == ("SERVICE_NOT_AVAILABLE", 5101)


def test_long_lists_are_walked_through_and_variables_that_are_none_are_not_sent(citizen: CitizenPhone) -> None:
    def answer(variables: Any) -> Any:
        last = variables.get("after") == "2"
        page = {"hasNextPage": not last, "endCursor": str(int(variables.get("after", "0")) + 1)}
        return {"names": [page["endCursor"]], "pageInfo": page}

    citizen.grant()
    citizen.answer(LIST, answer)
    assert citizen.call("names", {"first": 100}) == {"items": ["1", "2", "3"], "nextCursor": None}
    assert citizen.host.calls[0][1] == {"filters": {"city": "x"}}
    assert citizen.refused("names", {"first": 101}).code == "VALIDATION_FAILED"
    page = app.describe()["names"]["answer"]["properties"]["items"]
    assert page == {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 10_000}}


def test_a_cursor_that_does_not_move_ends_the_walk(citizen: CitizenPhone) -> None:
    citizen.grant()
    citizen.answer(LIST, {"names": ["1"], "pageInfo": {"hasNextPage": True, "endCursor": "1"}})
    assert citizen.call("names", {})["items"] == ["1", "1"]


def test_consent_can_be_denied_or_taken_back_in_the_middle_of_a_call(citizen: CitizenPhone) -> None:
    citizen.answer(LIST, {"names": ["1"], "pageInfo": {"hasNextPage": False, "endCursor": None}})
    citizen.deny()
    assert isinstance(citizen.refused("twice"), ConsentDenied)
    citizen.grant()
    assert citizen.call("twice") == ["1", "1"]
    citizen.withdraw_after(1)
    assert isinstance(citizen.refused("twice"), ConsentRequired)
    assert len(citizen.host.calls) == 3


def test_files_travel_as_handles(citizen: CitizenPhone) -> None:
    citizen.upload("file_1", "你好")
    info = citizen.call("write", key="k")
    assert info == {**info, "name": "a.txt", "mediaType": "text/plain", "sizeBytes": 7}
    assert citizen.call("write", key="k") == info
    assert len(citizen.host.services.files) == 2


def test_a_connector_answers_what_was_recorded(citizen: CitizenPhone) -> None:
    with pytest.raises(AssertionError, match=r"citizen\.reply\('hrss', 'GET', '/v1/account'"):
        citizen.call("account")
    citizen.reply("hrss", "GET", "/v1/account", Reply(200, body='{"text": "x", "more": 1}'))
    assert citizen.call("account") == {"text": "x"}
    assert citizen.host.fetched[-1][1]["query"] == {"q": "林"}
    citizen.reply("hrss", "GET", "/v1/account", HostError("SOURCE_UNAVAILABLE", "later"))
    assert citizen.refused("account").retryable
    citizen.reply("hrss", "GET", "/v1/account", Reply(500, body="<html>"))
    with pytest.raises(Exception, match="one JSON value"):
        citizen.call("account")


def test_the_time_is_the_tests_and_chance_repeats_only_where_a_seed_says_so(citizen: CitizenPhone) -> None:
    citizen.clock.set(dt.datetime(2026, 12, 31, 23, 0, tzinfo=dt.UTC))
    now, today, first = citizen.call("moment", key="1")
    assert (now, today) == ("2026-12-31T23:00:00+00:00", "2027-01-01")
    assert citizen.call("moment", key="1")[2] != first
    citizen.seed = 7
    assert citizen.call("moment", key="1")[2] == citizen.call("moment", key="2")[2]
    with pytest.raises(ValueError, match="aware"):
        citizen.clock.set(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_every_code_has_one_number_and_says_what_to_do() -> None:
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    assert _BY_CODE.keys() | WORDS.keys() <= NUMBERS.keys() == HELP.keys()
    assert all(text.endswith(".") for text in HELP.values())
    assert (number_of("bill.unknown"), number_of("NEWER_THAN_THIS")) == (9000, 0)


def test_an_error_tells_programs_everything(citizen: CitizenPhone) -> None:
    found: MiniAppError = citizen.refused("save", {"text": "a"})
    assert found.as_json() == {
        "code": "IDEMPOTENCY_KEY_MISSING",
        "number": 1002,
        "message": "The request is incomplete. Please go back and try again.",
        "details": {"problems": [{"path": "idempotencyKey", "reason": "missing", "expected": ""}]},
        "retryable": False,
        "requestId": "req_test",
        "help": HELP["IDEMPOTENCY_KEY_MISSING"],
    }
