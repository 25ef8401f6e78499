"""A small identity to play with: keys, a clock that stands still, a mailbox for codes."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.adapters.memory_cache import MemoryCache
from shimin.db import Database
from shimin.identity import CODE_LIMITS, Capacity, CodeLimits, RequestCode, SignedIn, SignIn, request_code, sign_in
from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.clock import FixedClock
from shimin.kit.held import assert_outside_unit
from shimin.kit.ids import CitizenId
from shimin.ports.notify import Notice

PHONE = "+8619900001234"
NONCE = "device-nonce-0000000001"


class Mailbox:
    """A notifier that keeps what was sent and insists, as every notifier does, on being called outside a unit."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    async def send(self, notice: Notice) -> None:
        assert_outside_unit("send a text message")
        self.sent.append(notice)

    async def close(self) -> None:
        """Hold nothing."""

    def code(self) -> str:
        """Return the code in the last text."""
        found = re.search(r"\b[0-9]{6}\b", self.sent[-1].body)
        assert found
        return found[0]


@dataclass
class House:
    """Everything identity's verbs need, and short ways to do the usual things."""

    db: Database
    tokens: JwtTokens
    clock: FixedClock
    mailbox: Mailbox = field(default_factory=Mailbox)
    cache: MemoryCache = field(default_factory=MemoryCache)

    async def ask(self, phone: str = PHONE, nonce: str = NONCE, limits: CodeLimits = CODE_LIMITS) -> str:
        """Request a code; return it as the phone's holder reads it."""
        await request_code(
            Call(actor=ANONYMOUS),
            RequestCode(phone=phone, nonce=nonce),
            db=self.db,
            notifier=self.mailbox,
            cache=self.cache,
            tokens=self.tokens,
            clock=self.clock,
            limits=limits,
        )
        return self.mailbox.code()

    async def enter(
        self,
        code: str,
        phone: str = PHONE,
        nonce: str = NONCE,
        limits: CodeLimits = CODE_LIMITS,
        capacity: Capacity = "citizen",
    ) -> SignedIn:
        """Sign in with a code."""
        proof = SignIn(phone=phone, code=code, nonce=nonce, device_name="Phone", capacity=capacity)
        return await sign_in(
            Call(actor=ANONYMOUS), proof, db=self.db, tokens=self.tokens, clock=self.clock, limits=limits
        )

    async def signed_in(self, phone: str = PHONE, nonce: str = NONCE, capacity: Capacity = "citizen") -> SignedIn:
        """Ask for a code and sign in with it."""
        return await self.enter(await self.ask(phone, nonce), phone, nonce, capacity=capacity)

    def call_of(self, signed_in: SignedIn) -> Call:
        """Return the call a signed-in citizen makes."""
        citizen_id = CitizenId(signed_in.session.subject_id)
        actor = Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=1)
        return Call(actor=actor, session_id=signed_in.session.id)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**by)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 2, 8, 30, tzinfo=UTC))


@pytest.fixture
def tokens(tmp_path: Path, clock: FixedClock) -> JwtTokens:
    return JwtTokens(KeyFolder(tmp_path / "keys"), issuer="https://shimin.example", clock=clock)


@pytest.fixture
def house(db: Database, tokens: JwtTokens, clock: FixedClock) -> House:
    return House(db=db, tokens=tokens, clock=clock)
