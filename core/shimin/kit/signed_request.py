"""A shared-secret signature over one HTTP request: how the core proves itself to a department's system."""

import hashlib
import hmac

TIMESTAMP_HEADER = "shimin-timestamp"
NONCE_HEADER = "shimin-nonce"
SIGNATURE_HEADER = "shimin-signature"
SKEW_S_MAX = 300
"""A request older or newer than this is refused; nonces are remembered for twice as long."""


def request_signature(secret: bytes, *, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the signature of a request in hex: HMAC-SHA-256 over method, path, time, nonce and the body's digest.

    Args:
        secret: at least 32 bytes known to both sides.
        timestamp: whole seconds since 1970 as decimal text.
        nonce: used once.

    Source: RFC 2104; FIPS 180-4.
    """
    text = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def signature_fits(signature: str, expected: str) -> bool:
    """Compare two signatures in a time that tells nothing of where they differ."""
    return hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())
