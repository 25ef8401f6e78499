"""The Python client as an application uses it: typed operations against the running application."""

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from shimin.assembly import open_platform
from shimin.config import Settings
from shimin_client import IncompleteAnswerError, Operation, Unknown
from shimin_client.enums import Capacity
from shimin_client.inputs import RequestCodeInput, SignInInput
from shimin_client.operations import access_log, inbox, request_code, sign_in
from shimin_graphql.asgi import create_app

PHONE = "+8613900001234"


@pytest.fixture
async def http(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url), worker="separate")
    async with open_platform(settings) as platform:
        app = create_app(settings, platform)
        async with app.started():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://shimin.test") as client:
                yield client


async def call(http: httpx.AsyncClient, operation: Operation[Any, Any], variables: Any, token: str = "") -> Any:
    """Send an operation the way an application would."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = await http.post("/graphql", json=operation.request(variables), headers=headers)
    return operation.read(response.content)


async def test_a_citizen_signs_in_and_reads_the_inbox_with_typed_operations(http: httpx.AsyncClient) -> None:
    nonce = secrets.token_urlsafe(24)
    asked = request_code.Variables(input=RequestCodeInput(phone=PHONE, nonce=nonce))
    requested = request_code.OPERATION.read(
        (await http.post("/graphql", json=request_code.OPERATION.request(asked))).content
    ).whole()
    assert isinstance(requested.request_code, request_code.CodeRequested)
    assert requested.request_code.expires_at.tzinfo is not None

    texts = (await http.get("/dev/inbox", params={"phone": PHONE})).json()
    (code,) = re.findall(r"\b\d{6}\b", texts[0]["body"])[:1]
    given = SignInInput(
        phone=PHONE, code="000000" if code != "000000" else "111111", nonce=nonce, device_name="a phone"
    )
    wrong = await call(http, sign_in.OPERATION, sign_in.Variables(input=given))
    assert isinstance(wrong.whole().sign_in, sign_in.CodeWrong)
    assert wrong.whole().sign_in.tries_left > 0

    right = await call(http, sign_in.OPERATION, sign_in.Variables(input=given.model_copy(update={"code": code})))
    session = right.whole().sign_in
    assert isinstance(session, sign_in.SignedIn)
    assert session.registered

    first = await call(http, inbox.OPERATION, inbox.Variables(first=5), session.access_token)
    assert isinstance(first.whole(), inbox.Data)
    assert first.whole().inbox.page_info.has_next_page is False
    log = await call(http, access_log.OPERATION, access_log.Variables(), session.access_token)
    assert log.errors == ()


async def test_a_caller_who_is_not_signed_in_gets_the_code_that_says_so(http: httpx.AsyncClient) -> None:
    answer = await call(http, inbox.OPERATION, inbox.Variables())
    assert (answer.data, answer.errors[0].code) == (None, "NOT_SIGNED_IN")
    with pytest.raises(IncompleteAnswerError) as incomplete:
        answer.whole()
    assert incomplete.value.errors == answer.errors


def test_what_is_not_given_is_left_to_the_server() -> None:
    given = SignInInput(phone=PHONE, code="123456", nonce="n" * 16, device_name="a phone")
    body = sign_in.OPERATION.request(sign_in.Variables(input=given))
    assert body["variables"] == {
        "input": {"phone": PHONE, "code": "123456", "nonce": "n" * 16, "deviceName": "a phone"}
    }
    assert given.capacity is Capacity.CITIZEN
    assert inbox.OPERATION.request(inbox.Variables())["variables"] == {}


def test_a_type_and_a_value_that_the_schema_got_later_are_still_read() -> None:
    later = sign_in.OPERATION.read('{"data": {"signIn": {"__typename": "Parked", "message": "later"}}}').whole()
    assert isinstance(later.sign_in, Unknown)
    assert (later.sign_in.typename, later.sign_in.model_extra) == ("Parked", {"message": "later"})


def test_an_answer_that_breaks_its_promise_is_refused_rather_than_passed_on() -> None:
    with pytest.raises(ValidationError):
        sign_in.OPERATION.read('{"data": {"signIn": {"__typename": "CodeWrong", "code": "C", "message": "m"}}}')
    with pytest.raises(ValidationError):
        sign_in.OPERATION.read(b"<html>")
