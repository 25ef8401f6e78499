"""Access tokens as ES256 JWTs, checked by a strict gate; their keys live in files only the platform's user can read."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shimin.adapters.private_file import is_private, make_private
from shimin.kit.clock import Clock
from shimin.kit.ids import new_id
from shimin.kit.refusal import Refusal
from shimin.ports.tokens import (
    ACCESS_TOKEN_LIFE,
    TOKEN_BYTES_MAX,
    AccessClaims,
    AccessToken,
    TokenExpired,
    TokenInvalid,
)

ALGORITHM = "ES256"
TYPE = "at+jwt"
AUDIENCE = "shimin"
SKEW = timedelta(seconds=30)
"""How far another host's clock may be ahead of ours."""
KEYS_MAX = 8
RELOAD_S = 1.0
"""An unknown key id makes the folder be read again, at most this often."""
TEXT_MAX = 128

_CLAIMS = frozenset({"iss", "aud", "sub", "sid", "jti", "iat", "exp"})
_HEADER = frozenset({"alg", "typ", "kid"})
_PART = re.compile(r"[A-Za-z0-9_-]+")
_KEY_FILE = re.compile(r"access-([0-9]{4})\.pem")
_HASH_FILE = "hash.key"


class KeyFileUnsafe(Refusal):
    """A key file can be read by others than its owner, or does not hold what it should."""

    code = "KEY_FILE_UNSAFE"
    http_status = 503
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Key:
    kid: str
    private: ec.EllipticCurvePrivateKey
    jwk: Mapping[str, str]


class KeyFolder:
    """The platform's signing keys and its hash key, in files of mode 0600; made on the first start.

    ``access-0001.pem``, ``access-0002.pem`` … sign access tokens: the highest number signs, all verify. To roll,
    add a key; to retire one, remove its file once its last token has expired. Processes that share the folder
    may start at the same moment: one makes the key, all use it.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder, making it and what is missing in it.

        Raises:
            KeyFileUnsafe: others can read a key, or a file is no P-256 key.
        """
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._files():
            self._add(1)
        hash_file = folder / _HASH_FILE
        if not hash_file.exists():
            make_private(hash_file, secrets.token_bytes(32))
        self.hash_key = _read_private(hash_file)
        if len(self.hash_key) < 32:  # noqa: PLR2004 - bytes of a SHA-256 key
            raise KeyFileUnsafe(file=_HASH_FILE, reason="shorter than 32 bytes")
        self._keys: dict[str, _Key] = {}
        self._read_at_s = 0.0
        self.reload()

    @property
    def signer(self) -> _Key:
        """The key that signs: the one of the highest number."""
        return list(self._keys.values())[-1]

    def find(self, kid: str) -> _Key | None:
        """Return the key of that id, looking into the folder again if it may be new."""
        found = self._keys.get(kid)
        if found is None and time.monotonic() - self._read_at_s > RELOAD_S:
            self.reload()
            found = self._keys.get(kid)
        return found

    def all(self) -> list[_Key]:
        """Return every key, the oldest first."""
        return list(self._keys.values())

    def add(self) -> str:
        """Make the next signing key and return its id; older tokens stay valid."""
        while True:
            number = int(_KEY_FILE.fullmatch(self._files()[-1].name)[1]) + 1  # type: ignore[index] # _files matched it
            if self._add(number):
                self.reload()
                return self.signer.kid

    def reload(self) -> None:
        """Read the folder's keys again.

        Raises:
            KeyFileUnsafe: others can read a key, or a file is no P-256 key.
        """
        self._read_at_s = time.monotonic()
        keys = [_load(file) for file in self._files()[-KEYS_MAX:]]
        self._keys = {key.kid: key for key in keys}

    def _files(self) -> list[Path]:
        return sorted(file for file in self._folder.iterdir() if _KEY_FILE.fullmatch(file.name))

    def _add(self, number: int) -> bool:
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return make_private(self._folder / f"access-{number:04}.pem", pem)


class JwtTokens:
    """Fulfils the tokens port with ES256 JWTs of type ``at+jwt``.

    Source: RFC 7519, RFC 8725 (best current practices), RFC 9068 (JWT profile for access tokens).
    """

    def __init__(self, keys: KeyFolder, *, issuer: str, clock: Clock, audience: str = AUDIENCE) -> None:
        """Sign and check as ``issuer`` (the platform's public address) for ``audience``."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, *, subject: str, session_id: str) -> AccessToken:
        """Return an access token of ``ACCESS_TOKEN_LIFE`` for a session."""
        now = self._clock.now()
        issued_at_s = int(now.timestamp())
        expires_at_s = issued_at_s + int(ACCESS_TOKEN_LIFE.total_seconds())
        key = self._keys.signer
        text = jwt.encode(
            {
                "iss": self._issuer,
                "aud": self._audience,
                "sub": subject,
                "sid": session_id,
                "jti": new_id("tok"),
                "iat": issued_at_s,
                "exp": expires_at_s,
            },
            key.private,
            algorithm=ALGORITHM,
            headers={"typ": TYPE, "kid": key.kid},
        )
        return AccessToken(text=text, expires_at=datetime.fromtimestamp(expires_at_s, UTC))

    def verify(self, token: str) -> AccessClaims:
        """Return what the token says, after every check; no part of it chooses how it is checked.

        Raises:
            TokenInvalid: shape, size, type, signature or a claim is wrong.
            TokenExpired: everything is right except that its time is over.
        """
        header, payload = _split(token)
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or header.keys() != _HEADER:
            raise TokenInvalid
        kid = header["kid"]
        key = self._keys.find(kid) if isinstance(kid, str) and len(kid) <= TEXT_MAX else None
        if key is None:
            raise TokenInvalid
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.private.public_key(),
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                # Times are checked below against the clock port, types and all.
                options={"require": sorted(_CLAIMS), "verify_exp": False, "verify_iat": False, "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise TokenInvalid from None
        if claims != payload or claims.keys() != _CLAIMS:
            raise TokenInvalid
        return self._read(claims)

    def jwks(self) -> Mapping[str, Any]:
        """Return the public keys, the oldest first."""
        return {"keys": [dict(key.jwk) for key in self._keys.all()]}

    def keyed_hash(self, purpose: str, *parts: str) -> str:
        """Return HMAC-SHA256 over the length-prefixed purpose and parts, in base64url.

        Source: RFC 2104.
        """
        framed = b"".join(len(raw).to_bytes(4) + raw for raw in (text.encode() for text in (purpose, *parts)))
        return _b64(hmac.digest(self._keys.hash_key, framed, "sha256"))

    def _read(self, claims: Mapping[str, Any]) -> AccessClaims:
        """Check types, texts and times of verified claims."""
        for name in ("sub", "sid", "jti"):
            if not isinstance(claims[name], str) or not 0 < len(claims[name]) <= TEXT_MAX:
                raise TokenInvalid
        issued_at_s, expires_at_s = claims["iat"], claims["exp"]
        if type(issued_at_s) is not int or type(expires_at_s) is not int:
            raise TokenInvalid
        now_s = self._clock.now().timestamp()
        if not 0 < expires_at_s - issued_at_s <= ACCESS_TOKEN_LIFE.total_seconds():
            raise TokenInvalid
        if not 0 < issued_at_s <= now_s + SKEW.total_seconds():
            raise TokenInvalid
        if expires_at_s <= now_s:
            raise TokenExpired
        return AccessClaims(
            subject=claims["sub"],
            session_id=claims["sid"],
            token_id=claims["jti"],
            issued_at=datetime.fromtimestamp(issued_at_s, UTC),
            expires_at=datetime.fromtimestamp(expires_at_s, UTC),
        )


def _split(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload of a text that has exactly the shape of a JWS in compact form."""
    if len(token) > TOKEN_BYTES_MAX:
        raise TokenInvalid
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):  # noqa: PLR2004 - RFC 7515 section 3.1
        raise TokenInvalid
    raw = [_unb64(part) for part in parts]
    return _object(raw[0]), _object(raw[1])


def _object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object strictly: no member twice, no NaN, no other top level."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise TokenInvalid from None
    if not isinstance(value, dict):
        raise TokenInvalid
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise TokenInvalid
    return dict(pairs)


def _no_constant(_: str) -> NoReturn:
    raise TokenInvalid


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unb64(text: str) -> bytes:
    """Decode base64url; a text that is not the one way to write its bytes is refused."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise TokenInvalid from None
    if _b64(raw) != text:
        raise TokenInvalid
    return raw


def _load(file: Path) -> _Key:
    try:
        private = serialization.load_pem_private_key(_read_private(file), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileUnsafe(file=file.name, reason="no PEM private key") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise KeyFileUnsafe(file=file.name, reason="no P-256 key")
    numbers = private.public_key().public_numbers()
    point = {"crv": "P-256", "kty": "EC", "x": _b64(numbers.x.to_bytes(32)), "y": _b64(numbers.y.to_bytes(32))}
    # RFC 7638: the thumbprint is taken over the required members in lexicographic order without white space.
    kid = _b64(hashlib.sha256(json.dumps(point, separators=(",", ":"), sort_keys=True).encode()).digest())
    return _Key(kid=kid, private=private, jwk={**point, "kid": kid, "use": "sig", "alg": ALGORITHM})


def _read_private(file: Path) -> bytes:
    """Return a key file's bytes if nobody but its owner may read it."""
    if not is_private(file):
        raise KeyFileUnsafe(file=file.name, reason="readable by others; chmod 600 it")
    return file.read_bytes()
