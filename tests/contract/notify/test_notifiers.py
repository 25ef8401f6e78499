"""A notice reaches the operator's gateway signed, or the sender is told; its text is in no log and no error."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from shimin.adapters.dev_notifier import DevelopmentNotifier, DevelopmentOnly
from shimin.adapters.webhook_notifier import WebhookNotifier
from shimin.kit.clock import FixedClock
from shimin.kit.held import UNIT_HELD, UnitHeldDuringIo
from shimin.kit.signed_request import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    request_signature,
    signature_fits,
)
from shimin.ports.notify import Notice, NotifyUnavailable

SECRET = b"a secret of thirty-two characters"
NOTICE = Notice(phone="+8619900000001", template="sign_in_code", body="【市民】验证码 123456")


class Gateway:
    """What an operator runs: checks the signature, keeps what it took, misbehaves when told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.forged = 0
        self.status = 202
        self.app = Starlette(routes=[Route("/sms", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        expected = request_signature(
            SECRET,
            method="POST",
            path=request.url.path,
            timestamp=request.headers[TIMESTAMP_HEADER],
            nonce=request.headers[NONCE_HEADER],
            body=body,
        )
        if not signature_fits(request.headers[SIGNATURE_HEADER], expected):
            self.forged += 1
            return Response(status_code=401)
        if self.status == 302:
            return RedirectResponse("/elsewhere", status_code=302)
        if self.status < 300:
            self.taken.append(json.loads(body))
        return Response(status_code=self.status)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def notifier(gateway: Gateway, frozen_clock: FixedClock) -> AsyncIterator[WebhookNotifier]:
    notifier = WebhookNotifier("http://gateway.example/sms", SECRET, clock=frozen_clock)
    await notifier._client.aclose()
    notifier._client = httpx.AsyncClient(transport=httpx.ASGITransport(gateway.app))
    yield notifier
    await notifier.close()


async def test_the_gateway_gets_the_notice_with_a_signature_it_can_check(
    notifier: WebhookNotifier, gateway: Gateway
) -> None:
    await notifier.send(NOTICE)
    assert gateway.taken == [{"phone": NOTICE.phone, "template": NOTICE.template, "body": NOTICE.body}]


async def test_another_secret_is_refused_by_the_gateway_and_the_sender_is_told(
    notifier: WebhookNotifier, gateway: Gateway
) -> None:
    notifier._secret = b"x" * 32
    with pytest.raises(NotifyUnavailable):
        await notifier.send(NOTICE)
    assert (gateway.forged, gateway.taken) == (1, [])


@pytest.mark.parametrize("status", [302, 400, 429, 500, 503])
async def test_whatever_is_not_taken_is_unavailable_and_leaves_no_trace_of_the_text(
    notifier: WebhookNotifier, gateway: Gateway, status: int
) -> None:
    gateway.status = status
    with capture_logs() as logs, pytest.raises(NotifyUnavailable) as refused:
        await notifier.send(NOTICE)
    told = f"{logs}{refused.value!r}{refused.value}"
    assert "123456" not in told
    assert NOTICE.phone not in told
    assert "gateway.example" not in told


async def test_a_gateway_that_does_not_answer_is_unavailable(frozen_clock: FixedClock) -> None:
    notifier = WebhookNotifier("http://127.0.0.1:9/sms", SECRET, clock=frozen_clock)
    with pytest.raises(NotifyUnavailable):
        await notifier.send(NOTICE)
    await notifier.close()


async def test_nothing_is_sent_while_a_transaction_is_open(notifier: WebhookNotifier, gateway: Gateway) -> None:
    token = UNIT_HELD.set(SimpleNamespace(is_open=True))
    try:
        with pytest.raises(UnitHeldDuringIo):
            await notifier.send(NOTICE)
    finally:
        UNIT_HELD.reset(token)
    assert gateway.taken == []


def test_the_printed_inbox_refuses_production(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentOnly):
        DevelopmentNotifier(mode="production", folder=tmp_path)


def test_the_printed_inbox_shows_what_was_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notifier = DevelopmentNotifier(mode="development", folder=tmp_path)
    asyncio.run(notifier.send(NOTICE))
    assert NOTICE.body in capsys.readouterr().err
    assert [item.body for item in notifier.notices()] == [NOTICE.body]
