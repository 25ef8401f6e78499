"""An Ed25519 key in a file that only the platform's user can read."""

import base64
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

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
            _make(file)
        if file.stat().st_mode & 0o077:
            raise SigningKeyUnsafe(file=file.name)
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(file.read_bytes())
        except ValueError:
            raise SigningKeyUnsafe(file=file.name) from None
        self._public = self._key.public_key()

    @property
    def key_id(self) -> str:
        """The thumbprint of the public key."""
        x = self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)
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


def _make(file: Path) -> None:
    """Write a new key so that of two processes that start together one makes it and both use it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()
