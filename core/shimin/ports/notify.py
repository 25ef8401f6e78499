"""Getting a short text to a person outside the app."""

from dataclasses import dataclass
from typing import Protocol

from shimin.kit.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Notice:
    """One text to one phone number; ``body`` never appears in a log."""

    phone: str
    template: str
    body: str


class NotifyUnavailable(Refusal):
    """The text could not be handed to any provider."""

    code = "NOTIFY_UNAVAILABLE"
    http_status = 503
    retryable = True


class Notifier(Protocol):
    """Hand a notice to a provider (SMS in production, the printed development inbox otherwise).

    Contract: returns when a provider took it; never delivers to another number; is called outside a unit.
    """

    async def send(self, notice: Notice) -> None:
        """Deliver the notice.

        Raises:
            NotifyUnavailable: no provider took it within its time limit.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
