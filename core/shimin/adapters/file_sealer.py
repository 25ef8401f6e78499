"""AES-256-GCM with keys in files that only the platform's user can read."""

import base64
import binascii
import os
import re
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shimin.adapters.private_file import is_private, make_private
from shimin.kit.refusal import Refusal
from shimin.ports.sealer import SealBroken

KEY_BYTES = 32
NONCE_BYTES = 12
_FILE = re.compile(r"seal-([0-9]{4})\.key")
_TEXT = re.compile(r"s1\.([0-9]{4})\.([A-Za-z0-9_-]{38,16384}={0,2})")
"""Format, key, then nonce, ciphertext and tag; 38 characters hold a nonce and a tag."""


class SealingKeyUnsafe(Refusal):
    """A sealing key can be read by others than its owner, or has another length than 32 bytes."""

    code = "SEALING_KEY_UNSAFE"
    http_status = 503
    file: str


class FileSealer:
    """Fulfils the sealer port; ``seal-0001.key``, ``seal-0002.key`` …: the highest number seals, all unseal.

    Source: NIST SP 800-38D (GCM with random 96-bit nonces: fewer than 2^32 texts for each key).
    """

    def __init__(self, folder: Path) -> None:
        """Load the keys, making the first at the first start (mode 0600).

        Raises:
            SealingKeyUnsafe: others can read a key, or a file is no key.
        """
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._files():
            make_private(folder / "seal-0001.key", secrets.token_bytes(KEY_BYTES))
        self._keys: dict[str, AESGCM] = {}
        self._reload()

    @property
    def key_id(self) -> str:
        """The number of the newest key."""
        return max(self._keys)

    def add_key(self) -> str:
        """Make the next key, which seals from now on, and return its name; what older keys sealed still opens."""
        while True:
            number = f"{int(max(self._files())) + 1:04}"
            if make_private(self._folder / f"seal-{number}.key", secrets.token_bytes(KEY_BYTES)):
                self._reload()
                return number

    def seal(self, data: bytes, place: str) -> str:
        """Return the data as sealed text."""
        nonce = os.urandom(NONCE_BYTES)
        key_id = self.key_id
        sealed = nonce + self._keys[key_id].encrypt(nonce, data, _bound(key_id, place))
        return f"s1.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal(self, text: str, place: str) -> bytes:
        """Return the data.

        Raises:
            SealBroken: altered, from another place, or by a key that is not there.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise SealBroken
        key_id, encoded = found.groups()
        if key_id not in self._keys:
            self._reload()  # another process may have made it
        key = self._keys.get(key_id)
        if key is None:
            raise SealBroken
        try:
            sealed = base64.urlsafe_b64decode(encoded)
            if base64.urlsafe_b64encode(sealed).decode() != encoded:
                raise SealBroken  # the last character holds bits that decode to nothing: one text, one spelling
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(key_id, place))
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken from None

    def sealed_by(self, text: str) -> str:
        """Return the number of the key a text was sealed with; empty for what is no sealed text."""
        found = _TEXT.fullmatch(text)
        return found[1] if found else ""

    def _files(self) -> dict[str, Path]:
        found = ((_FILE.fullmatch(file.name), file) for file in self._folder.iterdir())
        return {match[1]: file for match, file in found if match}

    def _reload(self) -> None:
        for number, file in self._files().items():
            key = file.read_bytes() if is_private(file) else b""
            if len(key) != KEY_BYTES:
                raise SealingKeyUnsafe(file=file.name)
            self._keys[number] = AESGCM(key)


def _bound(key_id: str, place: str) -> bytes:
    return f"shimin/seal/1\n{key_id}\n{place}".encode()
