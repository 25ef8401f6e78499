"""A payment network: it is asked to collect money and tells, signed, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from shimin.kit.money import Money
from shimin.kit.refusal import Refusal

ChargeState = Literal["pending", "settled", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Charge:
    """A request to collect; ``payment_id`` is the merchant's order number and makes repeats harmless."""

    payment_id: str
    amount: Money
    subject: str


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """What the network says became of a charge, from a verified notification or a query."""

    event_id: str
    payment_id: str
    state: ChargeState
    amount: Money | None
    channel_ref: str


class ChannelUnavailable(Refusal):
    """The network did not answer in time, or nonsense; the outcome is found by query, never by charging again."""

    code = "CHANNEL_UNAVAILABLE"
    http_status = 503
    retryable = True


class ForgedNotification(Refusal):
    """A notification whose signature, time or shape is wrong; nothing in it was believed."""

    code = "FORGED_NOTIFICATION"
    http_status = 401


class Channel(Protocol):
    """One payment network.

    Contract: ``charge`` twice with the same payment id collects once; ``query`` of an unknown payment
    answers state ``unknown``; ``read_notification`` verifies the raw bytes before it parses them. Network
    calls happen outside a unit.
    """

    name: str
    is_open: bool
    """Whether payments can be taken; False where no network is connected."""

    async def charge(self, charge: Charge) -> ChannelEvent:
        """Ask the network to collect; the answer is usually ``pending``."""
        ...

    async def query(self, payment_id: str) -> ChannelEvent:
        """Ask what became of a charge."""
        ...

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> ChannelEvent:
        """Verify and read a notification.

        Args:
            headers: names in lower case.
            body: the raw bytes as received.

        Raises:
            ForgedNotification: signature, timestamp (± 300 s) or shape is wrong.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
