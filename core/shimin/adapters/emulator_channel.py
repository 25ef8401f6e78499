"""The payment network of the emulator: signed both ways, bounded in time and size, believed only with its signature."""

import asyncio
import base64
import binascii
import hashlib
import logging
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.kit.clock import Clock, SystemClock
from shimin.kit.held import assert_outside_unit
from shimin.kit.money import Money
from shimin.kit.refusal import Refusal
from shimin.kit.signed_request import NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, request_signature
from shimin.ports.channel import ChannelEvent, ChannelUnavailable, Charge, ChargeState, ForgedNotification

log = structlog.get_logger("shimin.channel")

CHANNEL_NAME = "emulator"
TIMEOUT_S = 3.0
"""In all, for one question to the network."""
BODY_BYTES_MAX = 64 * 1024
SKEW_S_MAX = 300
TEXT_CHARS_MAX = 128
RESCAN_S = 1.0
"""How often at most the folder is looked through for a new key of the network."""

CHANNEL_TIMESTAMP = "shimin-channel-timestamp"
CHANNEL_NONCE = "shimin-channel-nonce"
CHANNEL_SERIAL = "shimin-channel-serial"
CHANNEL_SIGNATURE = "shimin-channel-signature"
MERCHANT_KEY_FILE = "channel-merchant.key"
"""32 bytes that the merchant and the network share; the merchant's requests carry an HMAC made with them."""
PUBLIC_KEY_FILES = "channel-network-*.pub.pem"
"""The network's public keys; several are valid while it changes from one to the next."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_STATES: Mapping[object, ChargeState] = {
    "pending": "pending",
    "settled": "settled",
    "failed": "failed",
    "unknown": "unknown",
}


def signed_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return what the network signs: time, nonce and raw body, each ended by a line feed.

    Source: the notification scheme of WeChat Pay API v3, with ECDSA P-256 in the place of RSA.
    """
    return b"".join((timestamp.encode(), b"\n", nonce.encode(), b"\n", body, b"\n"))


def serial_of(key: ec.EllipticCurvePublicKey) -> str:
    """Name a public key: the first 32 hex digits of the SHA-256 of its DER form."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:32]


def open_emulator_channel(
    url: str, secrets_dir: Path, *, mode: Literal["development", "production"], clock: Clock | None = None
) -> "EmulatorChannel":
    """Return the emulator's channel; nothing is read or asked yet.

    Args:
        url: where the emulator listens.
        secrets_dir: where its public keys and the merchant's key are (it puts them there at its first start).
        mode: the installation's.
        clock: the machine's by default.

    Raises:
        DevelopmentOnly: in production mode, where no money may depend on an emulator.
    """
    if mode != "development":
        raise DevelopmentOnly(what="the payment channel emulator")
    return EmulatorChannel(url, secrets_dir, clock=clock or SystemClock())


class EmulatorChannel:
    """Fulfils ``ports.channel.Channel`` against the emulator (``shimin demo-channel``)."""

    name = CHANNEL_NAME
    is_open = True

    def __init__(self, url: str, secrets_dir: Path, *, clock: Clock) -> None:
        """Keep where the emulator and the keys are; keys are read when first needed."""
        self._url = httpx.URL(url)
        self._keys = NetworkKeys(secrets_dir)
        self._merchant_key = secrets_dir / MERCHANT_KEY_FILE
        self._clock = clock
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(
            base_url=url,
            follow_redirects=False,
            trust_env=False,
            timeout=TIMEOUT_S,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "shimin"},
            limits=httpx.Limits(max_connections=20, keepalive_expiry=15.0),
        )

    async def charge(self, charge: Charge) -> ChannelEvent:
        """Ask the network to collect.

        Raises:
            ChannelUnavailable: no usable answer in time; whether it collects is found out by ``query``.
        """
        body = orjson.dumps(
            {
                "payment_id": charge.payment_id,
                "amount_minor": charge.amount.amount_minor,
                "currency": charge.amount.currency,
                "subject": charge.subject,
            }
        )
        return await self._ask("POST", "/charges", charge.payment_id, body)

    async def query(self, payment_id: str) -> ChannelEvent:
        """Ask what became of a charge.

        Raises:
            ChannelUnavailable: no usable answer in time.
        """
        return await self._ask("GET", f"/charges/{payment_id}", payment_id, b"")

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> ChannelEvent:
        """Verify the raw bytes, then read them.

        Raises:
            ForgedNotification: signature, key, time or shape is wrong; which of them is only in the log.
        """
        try:
            self._verify(headers, body)
            return read_event(body)
        except (InvalidSignature, ValueError, KeyError) as error:
            log.warning("channel.forged_notification", channel=self.name, reason=type(error).__name__)
            raise ForgedNotification from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def _ask(self, method: str, path: str, payment_id: str, body: bytes) -> ChannelEvent:
        """Send one signed request and return what the signed answer says about this payment."""
        assert_outside_unit("call the payment channel")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer, headers, nonce = await self._exchange(method, path, body)
            return self._read_answer(answer, headers, nonce=nonce, payment_id=payment_id)
        except (TimeoutError, httpx.HTTPError, InvalidSignature, ValueError, KeyError, OSError) as error:
            log.warning("channel.unavailable", channel=self.name, payment_id=payment_id, reason=type(error).__name__)
            raise ChannelUnavailable from None

    def _read_answer(self, body: bytes, headers: Mapping[str, str], *, nonce: str, payment_id: str) -> ChannelEvent:
        """Verify that the network answered this question about this payment, then read what it says."""
        if headers[CHANNEL_NONCE] != nonce:
            raise ValueError("an answer to another question")
        self._verify(headers, body)
        event = read_event(body)
        if event.payment_id != payment_id:
            raise ValueError("an answer about another payment")
        return event

    async def _exchange(self, method: str, path: str, body: bytes) -> tuple[bytes, Mapping[str, str], str]:
        """Return the raw answer, its headers and the nonce that the question carried."""
        secret = self._merchant_key.read_bytes()
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(16)
        url = self._url.join(path)
        signature = request_signature(secret, method=method, path=url.path, timestamp=timestamp, nonce=nonce, body=body)
        headers = {TIMESTAMP_HEADER: timestamp, NONCE_HEADER: nonce, SIGNATURE_HEADER: signature}
        if body:
            headers["content-type"] = "application/json"
        answer = bytearray()
        async with self._client.stream(method, url, content=body or None, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"status {response.status_code}")
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > BODY_BYTES_MAX:
                    raise ValueError("too large")
        return bytes(answer), response.headers, nonce

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Go on only if the network signed exactly these bytes a moment ago."""
        timestamp, nonce = headers[CHANNEL_TIMESTAMP], headers[CHANNEL_NONCE]
        if len(body) > BODY_BYTES_MAX or not _TIMESTAMP.fullmatch(timestamp):
            raise ValueError("size or timestamp")
        if not 0 < len(nonce) <= TEXT_CHARS_MAX or not nonce.isascii():
            raise ValueError("nonce")
        if abs(self._clock.now().timestamp() - int(timestamp)) > SKEW_S_MAX:
            raise ValueError("too old or too new")
        key = self._keys.find(headers[CHANNEL_SERIAL])
        try:
            signature = base64.b64decode(headers[CHANNEL_SIGNATURE], validate=True)
        except binascii.Error as error:
            raise ValueError("signature") from error
        key.verify(signature, signed_text(timestamp, nonce, body), ec.ECDSA(hashes.SHA256()))


class NetworkKeys:
    """The network's public keys by serial, read from a folder; a key added later is found without a restart."""

    def __init__(self, folder: Path) -> None:
        """Look through the folder when the first key is asked for."""
        self._folder = folder
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._scanned_s = float("-inf")

    def find(self, serial: str) -> ec.EllipticCurvePublicKey:
        """Return the key of this serial.

        Raises:
            KeyError: the network has no such key.
        """
        if serial not in self._keys and time.monotonic() - self._scanned_s >= RESCAN_S:
            self._scan()
        return self._keys[serial]

    def _scan(self) -> None:
        self._scanned_s = time.monotonic()
        for file in sorted(self._folder.glob(PUBLIC_KEY_FILES)):
            key = load_pem_public_key(file.read_bytes())
            if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
                self._keys[serial_of(key)] = key


def read_event(body: bytes) -> ChannelEvent:
    """Read the network's words about one charge: exactly the known members, each of its type and size.

    Raises:
        ValueError, KeyError: another shape.
    """
    said = orjson.loads(body)
    if not isinstance(said, dict) or said.keys() != {
        "event_id",
        "payment_id",
        "state",
        "amount_minor",
        "currency",
        "channel_ref",
    }:
        raise ValueError("members")
    return ChannelEvent(
        event_id=_text(said, "event_id"),
        payment_id=_text(said, "payment_id"),
        state=_STATES[_text(said, "state")],
        amount=_amount(said),
        channel_ref=_text(said, "channel_ref"),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said[name]
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX:
        raise ValueError(name)
    return value


def _amount(said: Mapping[str, Any]) -> Money | None:
    if said["amount_minor"] is None and said["currency"] is None:
        return None
    try:
        return Money(said["amount_minor"], said["currency"])
    except (Refusal, TypeError) as error:
        raise ValueError("amount") from error
