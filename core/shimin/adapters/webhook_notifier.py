"""Texts to phones through the operator's own gateway: one signed request a notice, to an address of their choosing."""

import secrets

import httpx
import orjson
import structlog

from shimin.kit.clock import Clock
from shimin.kit.held import assert_outside_unit
from shimin.kit.signed_request import NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, request_signature
from shimin.ports.notify import Notice, NotifyUnavailable

TIMEOUT_S = 5.0
log = structlog.get_logger("shimin.notify")


class WebhookNotifier:
    """Fulfils the notify port: POSTs ``{"phone", "template", "body"}`` as JSON and takes any 2xx for "handed over".

    The gateway checks the three ``Shimin-`` headers with the shared secret before it believes anything, and refuses
    a nonce it has seen. Redirects are not followed; the address and the secret appear in no error and no log.
    """

    def __init__(self, url: str, secret: bytes, *, clock: Clock) -> None:
        """Hand notices to the gateway at ``url`` (https in production), signed with a secret shared with it."""
        self._url = httpx.URL(url)
        self._secret = secret
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, limits=httpx.Limits(max_connections=20)
        )

    async def send(self, notice: Notice) -> None:
        """Hand the notice to the gateway.

        Raises:
            NotifyUnavailable: it did not take it within ``TIMEOUT_S``.
        """
        assert_outside_unit("send a text message")
        body = orjson.dumps({"phone": notice.phone, "template": notice.template, "body": notice.body})
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(16)
        signature = request_signature(
            self._secret, method="POST", path=self._url.path, timestamp=timestamp, nonce=nonce, body=body
        )
        headers = {
            "content-type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            NONCE_HEADER: nonce,
            SIGNATURE_HEADER: signature,
        }
        try:
            response = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            log.warning("notify.failed", error=type(error).__name__)
            raise NotifyUnavailable from None
        if not response.is_success:
            log.warning("notify.refused", status=response.status_code)
            raise NotifyUnavailable

    async def close(self) -> None:
        """Release connections."""
        await self._client.aclose()
