"""What the adapter believes of notifications: exactly what the network signed a moment ago, and nothing else."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from shimin.adapters.emulator_channel import (
    CHANNEL_NONCE,
    CHANNEL_SERIAL,
    CHANNEL_SIGNATURE,
    CHANNEL_TIMESTAMP,
    EmulatorChannel,
    open_emulator_channel,
    serial_of,
    signed_text,
)
from shimin.demo.channel import ChannelKeys, open_keys
from shimin.kit.clock import FixedClock
from shimin.kit.money import Money
from shimin.ports.channel import ForgedNotification

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def event_members(payment_id: str = "pay_1") -> dict[str, Any]:
    """Return what the network says of a settled charge."""
    return {
        "event_id": "evt_1",
        "payment_id": payment_id,
        "state": "settled",
        "amount_minor": 36000,
        "currency": "CNY",
        "channel_ref": "chn_1",
    }


@dataclass
class Told:
    """A notification that can be falsified, and the adapter that reads it at a fixed time."""

    keys: ChannelKeys
    channel: EmulatorChannel
    clock: FixedClock
    members: dict[str, Any] = field(default_factory=event_members)

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the headers of a good notification."""
        return self.keys.sign(body, nonce="n-1", at_s=int(NOW.timestamp()))

    def read(self, **changed: Any) -> Any:
        """Read a well-signed notification with changed members (Ellipsis leaves one out)."""
        members = {name: value for name, value in {**self.members, **changed}.items() if value is not ...}
        body = json.dumps(members).encode()
        return self.channel.read_notification(self.sign(body), body)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """Give a notification and its reader."""
    clock = FixedClock(NOW)
    channel = open_emulator_channel("http://127.0.0.1:9", tmp_path, mode="development", clock=clock)
    yield Told(open_keys(tmp_path), channel, clock)
    asyncio.run(channel.close())


def test_a_good_notification_is_read(told: Told) -> None:
    event = told.read()
    assert (event.event_id, event.state, event.amount) == ("evt_1", "settled", Money(36000))


def test_each_single_changed_byte_of_body_time_nonce_or_signature_is_refused(told: Told) -> None:
    body = json.dumps(told.members).encode()
    headers = told.sign(body)
    told.channel.read_notification(headers, body)
    for position in range(len(body)):
        changed = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        with pytest.raises(ForgedNotification):
            told.channel.read_notification(headers, changed)
    for name, value in headers.items():
        for position in range(len(value)):
            other = "1" if value[position] != "1" else "2"
            changed_headers = {**headers, name: value[:position] + other + value[position + 1 :]}
            if name == CHANNEL_SIGNATURE and _same_bytes(value, changed_headers[name]):
                continue
            with pytest.raises(ForgedNotification):
                told.channel.read_notification(changed_headers, body)


def _same_bytes(one: str, other: str) -> bool:
    """Tell whether two base64 texts differ only in bits that base64 throws away."""
    try:
        return base64.b64decode(one) == base64.b64decode(other, validate=True)
    except ValueError:
        return False


@pytest.mark.parametrize("name", [CHANNEL_TIMESTAMP, CHANNEL_NONCE, CHANNEL_SERIAL, CHANNEL_SIGNATURE])
@pytest.mark.parametrize("value", [None, "", "0", "9" * 400, "-1", "１２３", "é", "\n"])
def test_missing_and_strange_headers_are_refused(told: Told, name: str, value: str | None) -> None:
    body = json.dumps(told.members).encode()
    headers = told.sign(body)
    del headers[name]
    if value is not None:
        headers[name] = value
    with pytest.raises(ForgedNotification):
        told.channel.read_notification(headers, body)


@pytest.mark.parametrize(("off_s", "is_taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_notification_older_or_newer_than_five_minutes_is_refused(told: Told, off_s: int, is_taken: bool) -> None:  # noqa: FBT001 - a table
    body = json.dumps(told.members).encode()
    headers = told.sign(body)
    told.clock.at = NOW + timedelta(seconds=off_s)
    if is_taken:
        told.channel.read_notification(headers, body)
    else:
        with pytest.raises(ForgedNotification):
            told.channel.read_notification(headers, body)


def test_a_strangers_key_is_refused_even_under_the_networks_serial(told: Told) -> None:
    body = json.dumps(told.members).encode()
    stranger = ec.generate_private_key(ec.SECP256R1())
    signature = stranger.sign(
        signed_text(str(int(NOW.timestamp())), "n-1", body),
        ec.ECDSA(hashes.SHA256()),
    )
    forged = {**told.sign(body), CHANNEL_SIGNATURE: base64.b64encode(signature).decode()}
    for serial in (forged[CHANNEL_SERIAL], serial_of(stranger.public_key())):
        with pytest.raises(ForgedNotification):
            told.channel.read_notification({**forged, CHANNEL_SERIAL: serial}, body)


@pytest.mark.parametrize(
    "changed",
    [
        {"event_id": ""},
        {"event_id": 1},
        {"payment_id": "x" * 129},
        {"payment_id": ...},
        {"state": "paid"},
        {"state": ["settled"]},
        {"amount_minor": "36000"},
        {"amount_minor": 1.5},
        {"amount_minor": True},
        {"amount_minor": 10**16},
        {"amount_minor": None},
        {"currency": "QQQ"},
        {"currency": ["CNY"]},
        {"currency": None},
        {"extra": 1},
    ],
    ids=str,
)
def test_well_signed_nonsense_is_refused(told: Told, changed: dict[str, Any]) -> None:
    with pytest.raises(ForgedNotification):
        told.read(**changed)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'"settled"', b" " * 70_000])
def test_what_is_no_object_is_refused(told: Told, body: bytes) -> None:
    with pytest.raises(ForgedNotification):
        told.channel.read_notification(told.sign(body), body)


def test_a_key_the_network_adds_is_believed_without_a_restart(told: Told, tmp_path: Path) -> None:
    told.read()
    added = open_keys(tmp_path / "next")
    public = (tmp_path / "next" / "channel-network-1.pub.pem").read_bytes()
    (tmp_path / "channel-network-2.pub.pem").write_bytes(public)
    told.channel._keys._scanned_s = float("-inf")
    body = json.dumps(told.members).encode()
    headers = added.sign(body, nonce="n-2", at_s=int(NOW.timestamp()))
    assert told.channel.read_notification(headers, body).state == "settled"
    assert told.read().state == "settled"
