"""Small secrets at rest: sealed with a key that lies outside the database."""

from typing import Protocol

from shimin.kit.refusal import Refusal


class SealBroken(Refusal):
    """A sealed secret cannot be opened: its key is gone, or it was altered or moved to another place."""

    code = "SEAL_BROKEN"
    http_status = 503


class Sealer(Protocol):
    """Seal bytes so that only who holds the key reads them, and only in the place that they were sealed for.

    Contract: ``unseal(seal(data, place), place)`` gives the data; a changed character or another place raises; the
    same data sealed twice gives two texts; data, keys and places are never logged.
    """

    @property
    def key_id(self) -> str:
        """The name of the key that seals now; a text names its own key (``sealed_by``)."""
        ...

    def seal(self, data: bytes, place: str) -> str:
        """Return the data as sealed text.

        Args:
            data: at most a few KiB.
            place: what the text belongs to, such as the row's id; not kept in the text.
        """
        ...

    def unseal(self, text: str, place: str) -> bytes:
        """Return the data.

        Raises:
            SealBroken: altered, from another place, or by a key that is not there.
        """
        ...

    def sealed_by(self, text: str) -> str:
        """Return the name of the key a text was sealed with; empty for what is no sealed text."""
        ...
