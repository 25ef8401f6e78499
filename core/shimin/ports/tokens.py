"""What only the holder of the platform's keys can make: access tokens, and keyed hashes of secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from shimin.kit.refusal import Refusal

TOKEN_BYTES_MAX = 4096
"""A longer access token is refused unread."""
ACCESS_TOKEN_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed access token as it is handed out; ``text`` is a secret."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says: who, in which session; authority is looked up, never carried."""

    subject: str
    session_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime


class TokenInvalid(Refusal):
    """The access token is not one of ours, or was changed; which check failed is not told."""

    code = "TOKEN_INVALID"
    http_status = 401


class TokenExpired(Refusal):
    """The access token was ours and its time is over; a refresh gets the next one."""

    code = "TOKEN_EXPIRED"
    http_status = 401


class Tokens(Protocol):
    """Make and check access tokens, and hash secrets so that the database alone cannot tell them.

    Contract: ``verify(issue(…))`` gives back subject and session until the token expires; any other text is
    refused, whoever made it; ``keyed_hash`` is the same for the same purpose and parts in every process of the
    installation and cannot be computed without the key; parts are kept apart (``a, bc`` differs from ``ab, c``).
    """

    def issue(self, *, subject: str, session_id: str) -> AccessToken:
        """Return an access token of ``ACCESS_TOKEN_LIFE`` for a session."""
        ...

    def verify(self, token: str) -> AccessClaims:
        """Return what the token says.

        Raises:
            TokenInvalid: shape, size, type, signature or a claim is wrong.
            TokenExpired: everything is right except that its time is over.
        """
        ...

    def jwks(self) -> Mapping[str, Any]:
        """Return the public keys for others to check tokens with.

        Source: RFC 7517 section 5.
        """
        ...

    def keyed_hash(self, purpose: str, *parts: str) -> str:
        """Return 43 characters (256 bits) that depend on the platform's key, the purpose and the parts."""
        ...
