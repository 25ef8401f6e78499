"""What handlers and pages can rely on when a call goes through ``App.dispatch``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin_sdk import (
    AnswerMismatch,
    App,
    Call,
    Conflict,
    ConsentRequired,
    HostError,
    Items,
    MiniAppError,
    Money,
    Operation,
    Range,
    ScopeNotDeclared,
    Text,
    UpstreamUnavailable,
    UserError,
    ValidationError,
)
from shimin_sdk.package import PackageData

DOCUMENT, PAY = "operations/read.graphql", "operations/request_payment.graphql"
PACKAGE = PackageData(
    manifest={"app_id": "linhai.test.app", "lang": "zh-Hans", "version": {"code": 3, "name": "1.2.0"}},
    texts={"zh-Hans": {"greet": "{name}，您好", "only.zh": "只有中文"}, "en": {"greet": "Hello {name}"}},
    forms={"pay": {"title": "pay.title"}},
    documents=(DOCUMENT, PAY),
)


class Color(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    months_paid: Annotated[int, Range(0, 12)]


@dataclass(frozen=True)
class Form:
    bill_reference: Annotated[str, Text(1, 10, "[A-Z]+")]
    inner: Inner
    how: Literal["full", "half"] = "full"
    color: Color = Color.RED
    amount: Money | None = None
    marks: Annotated[list[str], Items(items_max=2)] = field(default_factory=list)


@dataclass(frozen=True)
class Echo:
    form: Form


@dataclass(frozen=True)
class Read:
    name: str
    paid_at: str | None


@dataclass
class Doors:
    """A host that answers one text and remembers what it was asked."""

    answer: str | HostError = "{}"
    asked: list[tuple[str, Any]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def execute(self, document: str, variables: str, /) -> str:
        self.asked.append((document, json.loads(variables)))
        if isinstance(self.answer, HostError):
            raise self.answer
        return self.answer

    def fetch(self, connector: str, request: str, /) -> str:
        raise HostError("CONNECTOR_NOT_AVAILABLE", f"{connector} {request}")

    def ask(self, service: str, request: str, /) -> str:
        raise HostError("SERVICE_NOT_AVAILABLE", f"{service} {request}")

    def log(self, level: str, message: str, /) -> None:
        self.lines.append((level, message))


app = App(PACKAGE)


@app.query
def echo(call: Call, form: Form) -> Echo:
    assert call.idempotency_key is None
    return Echo(form)


@app.query
def read(call: Call) -> Read:
    return call.execute(Operation(DOCUMENT, Read), bill_reference="B", top={"first": Money(5)})


@app.query
def stray(call: Call) -> dict[str, Any]:
    return call.execute("operations/other.graphql")


@app.action
def greet(call: Call) -> str:
    call.log.info("greeting", count=1)
    return f"{call.text('greet', name='{name}')} {call.text('only.zh')} {call.text('none')} {call.release.version_name}"


@app.action
def refuse(call: Call) -> None:
    raise UserError("greet", name=call.locale)


@app.action
def pay(call: Call) -> list[str]:
    return [call.payments.request(source="hrss", bill_reference=reference).id for reference in ("A", "B")]


def call(
    operation: str, sent: object = None, host: Doors | None = None, *, key: str | None = None, **other: object
) -> Any:
    envelope = {"input": sent or {}, "locale": "en", "idempotencyKey": key, "citizen": {"subject": "sub_1"}, **other}
    return json.loads(app.dispatch(operation, json.dumps(envelope), host or Doors()))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
GOOD: Mapping[str, Any] = {"billReference": "ABC", "inner": {"monthsPaid": 3}}


def test_names_are_camel_case_outside_and_snake_case_inside() -> None:
    assert call("echo", {**GOOD, "amount": {"amountMinor": "-7", "currency": "CNY"}}) == {
        "form": {
            "billReference": "ABC",
            "inner": {"monthsPaid": 3},
            "how": "full",
            "color": "red",
            "amount": {"amountMinor": "-7", "currency": "CNY"},
            "marks": [],
        }
    }


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"billReference": None}, "input.billReference", "type"),
        ({"billReference": ""}, "input.billReference", "too_short"),
        ({"billReference": "A" * 11}, "input.billReference", "too_long"),
        ({"billReference": "ABC\n"}, "input.billReference", "pattern"),
        ({"bill_reference": "A"}, "input.bill_reference", "unknown"),
        ({"inner": {}}, "input.inner.monthsPaid", "missing"),
        ({"inner": []}, "input.inner", "type"),
        ({"inner": {"monthsPaid": True}}, "input.inner.monthsPaid", "type"),
        ({"inner": {"monthsPaid": 3.0}}, "input.inner.monthsPaid", "type"),
        ({"inner": {"monthsPaid": -1}}, "input.inner.monthsPaid", "too_small"),
        ({"inner": {"monthsPaid": 13}}, "input.inner.monthsPaid", "too_big"),
        ({"how": "double"}, "input.how", "not_allowed"),
        ({"color": "blue"}, "input.color", "not_allowed"),
        ({"color": ["red"]}, "input.color", "not_allowed"),
        ({"amount": {"amountMinor": 1.5, "currency": "CNY"}}, "input.amount", "type"),
        ({"amount": {"amountMinor": "1", "currency": "XTS"}}, "input.amount.currency", "not_allowed"),
        ({"amount": {"amountMinor": "1", "currency": []}}, "input.amount.currency", "not_allowed"),
        ({"amount": {"amountMinor": "9" * 16, "currency": "CNY"}}, "input.amount", "type"),
        ({"marks": ["a", "b", "c"]}, "input.marks", "too_many"),
        ({"marks": ["a", 1]}, "input.marks[1]", "type"),
    ],
)
def test_an_input_that_does_not_fit_never_reaches_the_handler(change: object, path: str, reason: str) -> None:
    """The refusal names the place and the reason and does not repeat the value."""
    assert isinstance(change, dict)
    with pytest.raises(ValidationError) as refused:
        call("echo", {**GOOD, **change})
    assert [(problem.path, problem.reason) for problem in refused.value.problems] == [(path, reason)]
    assert refused.value.params["problems"][0]["path"] == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "type"),
        ("[]", "type"),
        ('{"input": NaN}', "number"),
        ('{"input": {"a": 1, "a": 2}}', "duplicate_key"),
        ('{"input": ' + "[" * 100_000 + "}", "too_deep"),
        ('{"input": ' + '{"a":' * 40 + "1" + "}" * 41, "too_deep"),
        ('{"input": "' + "x" * 300_000 + '"}', "too_big"),
        ('{"input": "' + "中" * 100_000 + '"}', "too_big"),
        ('{"input": "\\ud800"}', "text"),
    ],
)
def test_a_hostile_envelope_is_refused_before_it_is_read(text: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        app.dispatch("echo", text, Doors())
    assert refused.value.problems[0].reason == reason


def test_brackets_inside_texts_do_not_count_as_depth() -> None:
    deep = "[" * 100 + '\\"' + "{" * 100
    with pytest.raises(ValidationError) as refused:
        app.dispatch("echo", json.dumps({**json.loads('{"input": {}}'), "locale": deep}), Doors())
    assert {problem.path for problem in refused.value.problems} == {"citizen.subject", "locale"}


@given(anything)
def test_whatever_is_sent_ends_in_an_answer_or_a_typed_refusal(sent: object) -> None:
    """No input makes another exception: that would be a bug in the SDK."""
    envelope = json.dumps({"input": sent, "locale": "en", "idempotencyKey": None, "citizen": {"subject": "s"}})
    with pytest.raises(ValidationError):
        app.dispatch("echo", envelope, Doors())


def test_an_action_needs_an_idempotency_key_and_a_query_never_sees_one() -> None:
    with pytest.raises(ValidationError) as refused:
        call("greet")
    assert refused.value.code == "IDEMPOTENCY_KEY_MISSING"
    assert call("echo", GOOD, key="k")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "é"])
def test_an_idempotency_key_is_short_printable_ascii(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        call("greet", key=key)
    assert refused.value.problems[0].path == "idempotencyKey"


def test_an_unknown_operation_and_an_unwanted_input_are_refused() -> None:
    with pytest.raises(MiniAppError) as refused:
        call("nothing")
    assert (refused.value.code, bool(refused.value.message)) == ("OPERATION_UNKNOWN", True)
    with pytest.raises(ValidationError):
        call("read", {"a": 1})


def test_texts_come_in_the_citizens_language_then_in_the_packages_own() -> None:
    """A value is never read as a template, and a text that is missing shows its code."""
    assert call("greet", key="k") == "Hello {name} 只有中文 none 1.2.0"
    assert call("greet", key="k", locale="zh-Hans-CN").startswith("{name}，您好")


def test_a_user_error_has_words_in_the_citizens_language_and_its_values_for_the_page() -> None:
    with pytest.raises(UserError) as refused:
        call("refuse", key="k")
    assert (refused.value.code, refused.value.message, refused.value.params) == ("greet", "Hello en", {"name": "en"})


def test_variables_travel_in_camel_case_and_the_answer_comes_as_the_dataclass() -> None:
    host = Doors('{"name": "林小满", "paidAt": null, "__typename": "Read"}')
    assert call("read", host=host) == {"name": "林小满", "paidAt": None}
    money = {"amountMinor": "5", "currency": "CNY"}
    assert host.asked == [(DOCUMENT, {"billReference": "B", "top": {"first": money}})]


def test_an_answer_that_does_not_fit_is_a_bug_that_names_no_value() -> None:
    """The developers' log says where; the exception is none that a page could be shown."""
    host = Doors('{"name": 42, "paidAt": null}')
    with pytest.raises(AnswerMismatch) as bug:
        call("read", host=host)
    assert "data.name: type" in str(bug.value)
    assert [level for level, _ in host.lines] == ["error"]
    assert "42" not in f"{bug.value}{host.lines}"


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("CONSENT_REQUIRED", ConsentRequired, False),
        ("SOURCE_UNAVAILABLE", UpstreamUnavailable, True),
        ("BILL_ALREADY_PAID", Conflict, False),
        ("SOMETHING_NEW", HostError, False),
    ],
)
def test_what_the_core_refuses_with_reaches_the_phone_unchanged(
    code: str, kind: type[HostError], *, retryable: bool
) -> None:
    detail = '{"document_id": "sha256:1", "purpose": "p", "fields": [{"scope": "s", "label": "l"}]}'
    with pytest.raises(kind) as refused:
        call("read", host=Doors(HostError(code, "words", detail)))
    assert (refused.value.code, refused.value.message, refused.value.detail) == (code, "words", detail)
    assert refused.value.retryable is retryable
    if isinstance(refused.value, ConsentRequired):
        assert (refused.value.document_id, refused.value.purpose) == ("sha256:1", "p")
        assert refused.value.fields == ({"scope": "s", "label": "l"},)


def test_a_document_that_is_not_declared_is_refused_without_asking_the_core() -> None:
    host = Doors()
    with pytest.raises(ScopeNotDeclared, match="manifest"):
        call("stray", host=host)
    assert host.asked == []


def payment_ids(key: str, subject: str = "sub_1") -> list[str]:
    answer = {"requestPayment": {"id": "pay_" + "0" * 32, "state": "REQUESTED",
                                 "amount": {"amountMinor": "1", "currency": "CNY"}}}  # fmt: skip
    host = Doors(json.dumps(answer))
    call("pay", key=key, host=host, citizen={"subject": subject})
    return [variables["input"]["id"] for _, variables in host.asked]


def test_a_repeated_action_asks_for_the_same_payments_and_nobody_else_does() -> None:
    """The ids have the core's shape, differ within one action, and depend on the key and the citizen."""
    first = payment_ids("k1")
    assert payment_ids("k1") == first
    assert len({*first, *payment_ids("k2"), *payment_ids("k1", "sub_2")}) == 6
    for item in first:
        assert item.startswith("pay_")
        assert len(item) == 36
        assert int(item[4:], 16) >= 0


def test_a_refused_payment_is_the_cores_refusal() -> None:
    refusal = {"__typename": "BillAlreadyPaid", "code": "BILL_ALREADY_PAID", "message": "m"}
    host = Doors(json.dumps({"requestPayment": refusal}))
    with pytest.raises(Conflict) as refused:
        call("pay", key="k", host=host)
    assert (refused.value.code, refused.value.message) == ("BILL_ALREADY_PAID", "m")


def test_a_query_cannot_ask_for_a_payment() -> None:
    other = App(PACKAGE)

    @other.query
    def sneak(call: Call) -> str:
        return call.payments.request(source="s", bill_reference="b").id

    envelope = '{"input": {}, "locale": "en", "idempotencyKey": "k", "citizen": {"subject": "s"}}'
    with pytest.raises(RuntimeError, match=r"@app\.action"):
        other.dispatch("sneak", envelope, Doors())


def test_a_handler_without_types_is_refused_when_it_is_written() -> None:
    other: Any = App(PACKAGE)
    with pytest.raises(TypeError, match="both types"):

        @other.query
        def untyped(call, form):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
            return form

    with pytest.raises(TypeError, match="cannot be read from JSON"):

        @other.query
        def odd(call: Call, form: set[int]) -> None: ...


def test_one_name_is_one_operation() -> None:
    other = App(PACKAGE)
    other.query(read)
    with pytest.raises(ValueError, match="named once"):
        other.action(read)


def test_every_operation_describes_itself_as_json_schema() -> None:
    described = app.describe()
    assert described["echo"]["kind"] == "query"
    assert described["echo"]["input"]["required"] == ["billReference", "inner"]
    assert described["echo"]["input"]["properties"]["inner"]["properties"]["monthsPaid"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 12,
    }
    assert described["greet"]["input"]["additionalProperties"] is False


def test_a_rehearsal_that_fails_stops_the_build() -> None:
    other = App(PACKAGE)
    other.query(read)
    other.rehearse("read", answers={DOCUMENT: {"name": "x"}})
    with pytest.raises(AnswerMismatch):
        other.warm_up()


def test_without_a_package_around_it_the_app_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"shimin_sdk\.testing\.Phone"):
        _ = App().package
