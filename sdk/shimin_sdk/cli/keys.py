"""The developer's key: ES256, in a file that nobody else can read; the platform gets to know its public half only.

Sources: RFC 7517 and 7638 (JWK and its thumbprint), RFC 7518 section 3.4 (ES256), XDG Base Directory Specification.
"""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

KEY_BYTES_MAX = 4096
COORDINATE_BYTES = 32


class KeyUnusableError(Exception):
    """There is no key that can be used; the text says why and ``then`` what to do."""

    def __init__(self, text: str, then: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.then = then


@dataclass(frozen=True)
class PublicKey:
    """The half that others may know."""

    jwk: Mapping[str, str]
    file: Path

    @property
    def thumbprint(self) -> str:
        """The key's name: base64url of the SHA-256 over its required members (RFC 7638)."""
        text = json.dumps(dict(sorted(self.jwk.items())), separators=(",", ":"))
        return _base64url(hashlib.sha256(text.encode()).digest())


def keys_folder(environment: Mapping[str, str]) -> Path:
    """Return where this person's keys lie: ``$XDG_CONFIG_HOME/shimin/keys``, else ``~/.config/shimin/keys``."""
    told = environment.get("XDG_CONFIG_HOME", "")
    base = Path(told) if told.startswith("/") else Path(environment.get("HOME", "~")).expanduser() / ".config"
    return base / "shimin" / "keys"


def make_key(folder: Path) -> PublicKey:
    """Make the first key.

    Raises:
        KeyUnusableError: there is one already, or the folder cannot be written.
    """
    if (folder / "current.pem").exists():
        raise KeyUnusableError(
            "there is a key already", "show it with: shimin-sdk keys show, or replace it: keys rotate"
        )
    _write(folder, "current.pem", ec.generate_private_key(ec.SECP256R1()), new=True)
    return show_key(folder)


def rotate_key(folder: Path) -> PublicKey:
    """Make a new key and keep the old one beside it as ``previous.pem``, until the platform knows the new one.

    Raises:
        KeyUnusableError: there is none to replace.
    """
    old = _load(folder)
    _write(folder, "previous.pem", old, new=False)
    _write(folder, "current.pem", ec.generate_private_key(ec.SECP256R1()), new=False)
    return show_key(folder)


def show_key(folder: Path) -> PublicKey:
    """Return the public half of the key.

    Raises:
        KeyUnusableError: there is none, others can read it, or it is no ES256 key.
    """
    numbers = _load(folder).public_key().public_numbers()
    x, y = (_base64url(value.to_bytes(COORDINATE_BYTES, "big")) for value in (numbers.x, numbers.y))
    return PublicKey({"crv": "P-256", "kty": "EC", "x": x, "y": y}, folder / "current.pem")


def _load(folder: Path) -> ec.EllipticCurvePrivateKey:
    path = folder / "current.pem"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise KeyUnusableError(f"there is no key in {folder}", "make one with: shimin-sdk keys make") from None
    except OSError as error:
        raise KeyUnusableError(f"cannot read {path}: {error.strerror}", "let it be a plain file of your own") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
            raise KeyUnusableError(f"{path} can be read by others", f"chmod 600 {path}; if others did: keys rotate")
        data = file.read(KEY_BYTES_MAX)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusableError(f"{path} holds no ES256 key", "move it away, then: shimin-sdk keys make")
    return key


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, *, new: bool) -> None:
    """Write a key whole or not at all, readable by its owner alone from the first byte on."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    target, draft = folder / name, folder / f".{name}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            if new:
                os.link(draft, target)  # fails where another command made one in the same moment
                draft.unlink()
            else:
                draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise KeyUnusableError("there is a key already", "show it with: shimin-sdk keys show") from None
    except OSError as error:
        raise KeyUnusableError(f"cannot write {target}: {error.strerror}", "let the folder be your own") from None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
