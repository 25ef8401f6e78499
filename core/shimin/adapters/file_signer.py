"""An Ed25519 key in a file that only the platform's user can read."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shimin.adapters.private_file import is_private, make_private
from shimin.kit.refusal import Refusal


class SigningKeyUnsafe(Refusal):
    """A signing key can be read by others than its owner, or is no Ed25519 key."""

    code = "SIGNING_KEY_UNSAFE"
    http_status = 503
    file: str


class FileSigner:
    """Fulfils the signer port with Ed25519.

    Source: RFC 8032 (the signature), RFC 8037 and RFC 7638 (the key's name).
    """

    def __init__(self, file: Path) -> None:
        """Load the key, making it at the first start (mode 0600).

        Raises:
            SigningKeyUnsafe: others can read the file, or it holds something else.
        """
        if not file.exists():
            make_private(file, Ed25519PrivateKey.generate().private_bytes_raw())
        if not is_private(file):
            raise SigningKeyUnsafe(file=file.name)
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(file.read_bytes())
        except ValueError:
            raise SigningKeyUnsafe(file=file.name) from None
        self._public = self._key.public_key()

    @property
    def key_id(self) -> str:
        """The thumbprint of the public key."""
        x = self._public.public_bytes_raw()
        members = {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(x).rstrip(b"=").decode()}
        canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of the data."""
        return self._key.sign(data)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether this key made the signature over exactly this data."""
        try:
            self._public.verify(signature, data)
        except InvalidSignature:
            return False
        return True
