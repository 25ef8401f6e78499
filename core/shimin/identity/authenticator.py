"""Authentication as a process holds it: the verb, its ports and what it remembers, in one hand."""

from shimin.db import Database
from shimin.identity.authenticate import authenticate
from shimin.identity.model import Authenticated
from shimin.identity.verified_tokens import VerifiedTokens
from shimin.kit.clock import Clock
from shimin.ports.pubsub import PubSub
from shimin.ports.tokens import Tokens


class Authenticator:
    """Turns access tokens into actors; one per process. Without ``watch`` beside it every token is looked up."""

    def __init__(self, *, db: Database, tokens: Tokens, pubsub: PubSub, clock: Clock) -> None:
        """Hold the ports."""
        self._db = db
        self._tokens = tokens
        self._pubsub = pubsub
        self._clock = clock
        self.verified = VerifiedTokens()

    async def authenticate(self, token: str) -> Authenticated:
        """Return who the token speaks for at this moment.

        Raises:
            TokenInvalid, TokenExpired, SessionEnded: it does not count.
        """
        return await authenticate(token, db=self._db, tokens=self._tokens, verified=self.verified, clock=self._clock)

    async def watch(self) -> None:
        """Hear of revocations until cancelled."""
        await self.verified.watch(db=self._db, pubsub=self._pubsub, clock=self._clock)
