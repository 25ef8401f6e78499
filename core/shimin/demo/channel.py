"""A payment network to develop against: a separate HTTP server that collects, fails, dawdles and repeats itself."""

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx
import structlog
import uvicorn
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shimin.adapters.emulator_channel import (
    BODY_BYTES_MAX,
    CHANNEL_NONCE,
    CHANNEL_SERIAL,
    CHANNEL_SIGNATURE,
    CHANNEL_TIMESTAMP,
    MERCHANT_KEY_FILE,
    serial_of,
    signed_text,
)
from shimin.adapters.private_file import make_private
from shimin.demo.channel_book import ChannelBook, Charged, OtherAmount, Outcome, Telling
from shimin.kit.clock import Clock, SystemClock
from shimin.kit.money import Money
from shimin.kit.refusal import Refusal
from shimin.kit.signed_request import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    SKEW_S_MAX,
    TIMESTAMP_HEADER,
    request_signature,
    signature_fits,
)

log = structlog.get_logger("shimin.demo.channel")
PRIVATE_KEY_FILE = "channel-network.key.pem"
PUBLIC_KEY_FILE = "channel-network-1.pub.pem"
LOOK_S = 0.05
"""How often the book is looked through for notifications that are due."""
TELL_TIMEOUT_S = 3.0
DELAY_S_MAX = 3600.0
UNANSWERED_S = 6.0
"""Longer than the platform waits for an answer."""


@dataclass(frozen=True, slots=True)
class ChannelKeys:
    """The network's signing key and the secret it shares with its merchant."""

    private: ec.EllipticCurvePrivateKey
    merchant: bytes

    def sign(self, body: bytes, *, nonce: str, at_s: int) -> dict[str, str]:
        """Return the headers that prove these bytes to be the network's."""
        signature = self.private.sign(signed_text(str(at_s), nonce, body), ec.ECDSA(hashes.SHA256()))
        return {
            CHANNEL_TIMESTAMP: str(at_s),
            CHANNEL_NONCE: nonce,
            CHANNEL_SERIAL: serial_of(self.private.public_key()),
            CHANNEL_SIGNATURE: base64.b64encode(signature).decode(),
        }


def open_keys(secrets_dir: Path) -> ChannelKeys:
    """Return the keys in this folder, made at the first start; whoever comes first makes them for all."""
    secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = ec.generate_private_key(ec.SECP256R1())
    private_pem = _once(
        secrets_dir / PRIVATE_KEY_FILE,
        fresh.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    private = serialization.load_pem_private_key(private_pem, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        message = f"{PRIVATE_KEY_FILE} holds no key on P-256"
        raise TypeError(message)
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _once(secrets_dir / PUBLIC_KEY_FILE, public_pem)
    return ChannelKeys(private, _once(secrets_dir / MERCHANT_KEY_FILE, secrets.token_bytes(32)))


def _once(file: Path, content: bytes) -> bytes:
    """Write a secret if there is none yet, whole or not at all, and return what is there."""
    make_private(file, content)
    return file.read_bytes()


class Network:
    """The network's counter: takes charges, answers questions, tells what happened."""

    def __init__(self, book: ChannelBook, keys: ChannelKeys, *, webhook_url: str, delay_s: float, clock: Clock) -> None:
        """Open the counter.

        Args:
            book: what it remembers.
            keys: what it signs with and knows its merchant by.
            webhook_url: where it tells what happened.
            delay_s: how long a charge takes.
            clock: what it dates with.
        """
        self.book = book
        self.delay_s = delay_s
        self._keys = keys
        self._webhook_url = webhook_url
        self._clock = clock

    async def charge(self, request: Request) -> Response:
        """Take a charge: ``{payment_id, amount_minor, currency, subject}``."""
        body = await self._asked(request)
        if isinstance(body, Response):
            return body
        try:
            asked = json.loads(body)
            amount = Money(asked["amount_minor"], asked["currency"])
            charged, is_new = self.book.charge(
                payment_id=str(asked["payment_id"])[:64],
                amount_minor=amount.amount_minor,
                currency=amount.currency,
                subject=str(asked["subject"]),
                now_s=self._now_s(),
                delay_s=self.delay_s,
            )
        except (ValueError, KeyError, TypeError, Refusal):
            return JSONResponse({"error": "not a charge"}, status_code=400)
        except OtherAmount:
            return JSONResponse({"error": "charged before with another amount"}, status_code=409)
        if is_new and charged.outcome == "unanswered":
            await asyncio.sleep(UNANSWERED_S)
        return self._answer(request, self._said(charged))

    async def query(self, request: Request) -> Response:
        """Tell what became of a charge."""
        body = await self._asked(request)
        if isinstance(body, Response):
            return body
        payment_id = request.path_params["payment_id"]
        charged = self.book.find(payment_id)
        unknown = {
            "event_id": "query:unknown",
            "payment_id": payment_id,
            "state": "unknown",
            "amount_minor": None,
            "currency": None,
            "channel_ref": "none",
        }
        return self._answer(request, self._said(charged) if charged else unknown)

    async def plan(self, request: Request) -> Response:
        """Decide what becomes of the next charges: ``{"outcomes": ["fail", "twice"], "delay_s": 0.2}``."""
        if not self._is_admin(request):
            return JSONResponse({"error": "not found"}, status_code=404)
        try:
            wanted = json.loads(await request.body())
            outcomes = list(wanted.get("outcomes", []))
            delay_s = min(max(float(wanted.get("delay_s", self.delay_s)), 0.0), DELAY_S_MAX)
        except (ValueError, TypeError, AttributeError):
            outcomes, delay_s = ["?"], self.delay_s
        if not set(outcomes) <= set(get_args(Outcome)):
            return JSONResponse({"error": f"outcomes are of {', '.join(get_args(Outcome))}"}, status_code=400)
        self.book.plan(outcomes)
        self.delay_s = delay_s
        return JSONResponse({"planned": outcomes, "delay_s": delay_s})

    async def charges(self, request: Request) -> Response:
        """Show every charge and what was told of it."""
        if not self._is_admin(request):
            return JSONResponse({"error": "not found"}, status_code=404)
        return JSONResponse(self.book.charges())

    async def tell(self) -> None:
        """Deliver notifications for ever, each until it is taken, however long the platform is away."""
        limits = httpx.Limits(max_connections=20, keepalive_expiry=5.0)
        async with httpx.AsyncClient(
            timeout=TELL_TIMEOUT_S, limits=limits, trust_env=False, follow_redirects=False
        ) as client:
            while True:
                due = self.book.due(self._now_s())
                await asyncio.gather(*(self._tell_one(client, telling) for telling in due))
                await asyncio.sleep(LOOK_S)

    async def _tell_one(self, client: httpx.AsyncClient, telling: Telling) -> None:
        body = json.dumps(
            {
                "event_id": telling.event_id,
                "payment_id": telling.payment_id,
                "state": telling.state,
                "amount_minor": telling.amount_minor,
                "currency": telling.currency,
                "channel_ref": telling.channel_ref,
            }
        ).encode()
        keys = ChannelKeys(ec.generate_private_key(ec.SECP256R1()), b"") if telling.forged else self._keys
        headers = keys.sign(body, nonce=secrets.token_hex(16), at_s=int(self._now_s()))
        if telling.forged:  # a stranger's signature under the network's name
            headers[CHANNEL_SERIAL] = serial_of(self._keys.private.public_key())
        status: int | None = None
        try:
            async with asyncio.timeout(TELL_TIMEOUT_S):
                answer = await client.post(
                    self._webhook_url, content=body, headers={**headers, "content-type": "application/json"}
                )
            status = answer.status_code
        except (httpx.HTTPError, TimeoutError) as error:
            log.info("demo_channel.not_taken", payment_id=telling.payment_id, reason=type(error).__name__)
        self.book.told(telling, status, self._now_s())

    def _said(self, charged: Charged) -> dict[str, Any]:
        """Return the network's words about a charge as it stands; the same words, the same event id."""
        state = charged.state(self._now_s())
        return {
            "event_id": f"query:{charged.channel_ref}:{state}",
            "payment_id": charged.payment_id,
            "state": state,
            "amount_minor": charged.amount_minor,
            "currency": charged.currency,
            "channel_ref": charged.channel_ref,
        }

    def _answer(self, request: Request, said: Mapping[str, Any]) -> Response:
        """Return a signed answer; it carries the question's nonce, so that it answers no other question."""
        body = json.dumps(said).encode()
        headers = self._keys.sign(body, nonce=request.headers[NONCE_HEADER], at_s=int(self._now_s()))
        return Response(body, media_type="application/json", headers=headers)

    async def _asked(self, request: Request) -> bytes | Response:
        """Return the body of a request that the merchant signed a moment ago, else the refusal.

        A repeated nonce is let through: a charge repeated is the same charge, and a query changes nothing.
        """
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return JSONResponse({"error": "too large"}, status_code=413)
        timestamp, nonce, signature = (
            request.headers.get(name, "") for name in (TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)
        )
        expected = request_signature(
            self._keys.merchant,
            method=request.method,
            path=request.url.path,
            timestamp=timestamp,
            nonce=nonce,
            body=bytes(body),
        )
        is_timely = (
            timestamp.isascii() and timestamp.isdigit() and abs(self._now_s() - int(timestamp[:15])) <= SKEW_S_MAX
        )
        if not signature_fits(signature, expected) or not is_timely or not nonce:
            return JSONResponse({"error": "not the merchant"}, status_code=401)
        return bytes(body)

    def _is_admin(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._keys.merchant.hex().encode())

    def _now_s(self) -> float:
        return self._clock.now().timestamp()


def channel_app(
    state_path: Path,
    secrets_dir: Path,
    *,
    webhook_url: str,
    delay_s: float = 1.0,
    late_s: float = 20.0,
    clock: Clock | None = None,
) -> Starlette:
    """Return the network's server; see ``run_channel``."""
    book = ChannelBook(state_path, late_s=late_s)
    network = Network(
        book, open_keys(secrets_dir), webhook_url=webhook_url, delay_s=delay_s, clock=clock or SystemClock()
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        telling = asyncio.create_task(network.tell())
        yield
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        book.close()

    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/charges", network.charge, methods=["POST"]),
            Route("/charges/{payment_id}", network.query, methods=["GET"]),
            Route("/admin/next", network.plan, methods=["POST"]),
            Route("/admin/charges", network.charges, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


def run_channel(
    host: str, port: int, *, state_path: Path, secrets_dir: Path, webhook_url: str, delay_s: float = 1.0
) -> None:
    """Serve the emulated network until the process is told to stop; for development only.

    Args:
        host: address to listen on.
        port: port to listen on.
        state_path: its own file; charges and untold notifications survive a restart.
        secrets_dir: where its keys are made at the first start and the platform finds its public key.
        webhook_url: where it tells what became of charges.
        delay_s: seconds from a charge to its outcome.
    """
    app = channel_app(state_path, secrets_dir, webhook_url=webhook_url, delay_s=delay_s)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2, server_header=False)


async def _health(_: Request) -> Response:
    """Tell that the server runs."""
    return JSONResponse({"status": "ok"})
