"""No payment network: an installation that has not connected one takes no payments, and says so."""

from collections.abc import Mapping

from shimin.ports.channel import ChannelEvent, ChannelUnavailable, Charge, ForgedNotification


class ClosedChannel:
    """Fulfils the channel port by refusing everything; nothing is ever collected."""

    name = "closed"
    is_open = False

    async def charge(self, charge: Charge) -> ChannelEvent:  # noqa: ARG002 - the port's signature
        """Refuse.

        Raises:
            ChannelUnavailable: always.
        """
        raise ChannelUnavailable

    async def query(self, payment_id: str) -> ChannelEvent:  # noqa: ARG002 - likewise
        """Refuse.

        Raises:
            ChannelUnavailable: always.
        """
        raise ChannelUnavailable

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> ChannelEvent:  # noqa: ARG002 - likewise
        """Believe nobody.

        Raises:
            ForgedNotification: always.
        """
        raise ForgedNotification

    async def close(self) -> None:
        """Nothing is held open."""
