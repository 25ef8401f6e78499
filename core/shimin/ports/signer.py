"""Signatures whose private key stays where it is."""

from typing import Protocol


class Signer(Protocol):
    """Sign bytes with one named key and check such signatures.

    Contract: ``verify(data, sign(data))`` holds; one changed bit in either makes it False; neither ever
    returns or logs the private key.
    """

    @property
    def key_id(self) -> str:
        """The key's public name (RFC 7638 thumbprint)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data."""
        ...

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether this key made the signature over exactly this data."""
        ...
