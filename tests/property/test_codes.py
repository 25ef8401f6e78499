"""Codes under any order of asking, guessing, waiting and signing in: compared with a model that is plainly right."""

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.adapters.memory_cache import MemoryCache
from shimin.db import Database
from shimin.identity import (
    CODE_LIMITS,
    CodeGone,
    CodeLocked,
    CodeRequestedTooOften,
    CodeWrong,
    RequestCode,
    SignIn,
    request_code,
    sign_in,
)
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.clock import FixedClock
from shimin.kit.refusal import Refusal
from shimin.ports.notify import Notice

LIMITS = dataclasses.replace(CODE_LIMITS, failures_per_phone_max=8, requests_per_phone_max=6)
DEVICES = tuple(f"device-nonce-000000000{number}" for number in range(3))
START = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
CALL = Call(actor=ANONYMOUS)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(DEVICES)),
        st.tuples(st.just("right"), st.sampled_from(DEVICES)),
        st.tuples(st.just("wrong"), st.sampled_from(DEVICES)),
        st.tuples(st.just("old"), st.sampled_from(DEVICES)),
        st.tuples(st.just("wait"), st.sampled_from([30, 299, 300, 1800, 3600])),
    ),
    max_size=40,
)


@dataclasses.dataclass
class Live:
    """What the model knows of a device's code."""

    code: str
    expires_at: datetime
    checks: int = 0
    used: bool = False


@dataclasses.dataclass
class Model:
    """The rules, written as a child would play them."""

    live: dict[str, Live] = dataclasses.field(default_factory=dict)
    old: dict[str, str] = dataclasses.field(default_factory=dict)
    failures: int = 0
    requests: int = 0
    window_at: datetime | None = None

    def ask(self, now: datetime) -> type[Refusal] | None:
        if self.window_at is None or self.window_at <= now - LIMITS.requests_window:
            self.window_at, self.requests = now, 0
        if self.requests >= LIMITS.requests_per_phone_max:
            return CodeRequestedTooOften
        self.requests += 1
        return None

    def enter(self, device: str, code: str, now: datetime) -> type[Refusal] | None:
        live = self.live.get(device)
        if live is None or live.used or live.expires_at <= now or live.checks >= LIMITS.checks_per_code_max:
            return CodeGone
        live.checks += 1
        if self.failures >= LIMITS.failures_per_phone_max:
            return CodeLocked
        self.failures += 1
        if live.code != code:
            return CodeWrong
        live.used, self.failures = True, 0
        return None


class Mailbox:
    """Keeps the last text."""

    def __init__(self) -> None:
        self.code = ""

    async def send(self, notice: Notice) -> None:
        self.code = next(part for part in notice.body.replace("，", " ").split() if part.isdigit() and len(part) == 6)

    async def close(self) -> None:
        """Hold nothing."""


@contextmanager
def tokens_of(clock: FixedClock) -> Iterator[JwtTokens]:
    with TemporaryDirectory() as folder:
        yield JwtTokens(KeyFolder(Path(folder) / "keys"), issuer="https://shimin.example", clock=clock)


async def play(db: Database, number: int, script: list[tuple[str, object]]) -> None:
    """Play a script against the verbs and the model; every answer must be the model's."""
    clock, model, mailbox, cache = FixedClock(START), Model(), Mailbox(), MemoryCache()
    phone = f"+86199{number:08}"
    with tokens_of(clock) as tokens:
        for action, argument in script:
            if action == "wait":
                clock.at += timedelta(seconds=int(str(argument)))
                continue
            device = str(argument)
            if action == "ask":
                expected = model.ask(clock.now())
                refused = await refusal_of_ask(db, phone, device, mailbox, cache, tokens, clock)
                if expected is None:
                    before = model.live.get(device)
                    if before:
                        model.old[device] = before.code
                    model.live[device] = Live(mailbox.code, clock.now() + LIMITS.life)
            else:
                code = code_for(action, device, model)
                expected = model.enter(device, code, clock.now())
                refused = await refusal_of_sign_in(db, phone, device, code, tokens, clock)
            assert refused is expected, (action, argument)


def code_for(action: str, device: str, model: Model) -> str:
    live = model.live.get(device)
    right = live.code if live else "000000"
    if action == "wrong":
        return f"{(int(right) + 1) % 10**6:06}"
    return model.old.get(device, "000000") if action == "old" else right


async def refusal_of_ask(
    db: Database, phone: str, device: str, mailbox: Mailbox, cache: MemoryCache, tokens: JwtTokens, clock: FixedClock
) -> type[Refusal] | None:
    try:
        await request_code(
            CALL,
            RequestCode(phone=phone, nonce=device),
            db=db,
            notifier=mailbox,
            cache=cache,
            tokens=tokens,
            clock=clock,
            limits=LIMITS,
        )
    except Refusal as refusal:
        return type(refusal)
    return None


async def refusal_of_sign_in(
    db: Database, phone: str, device: str, code: str, tokens: JwtTokens, clock: FixedClock
) -> type[Refusal] | None:
    proof = SignIn(phone=phone, code=code, nonce=device, device_name="Phone")
    try:
        await sign_in(CALL, proof, db=db, tokens=tokens, clock=clock, limits=LIMITS)
    except Refusal as refusal:
        return type(refusal)
    return None


async def test_codes_follow_their_rules_in_any_order(db: Database) -> None:
    numbers = iter(range(10_000))
    loop = asyncio.get_running_loop()  # the database lives here; hypothesis runs in a thread beside it

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(script=steps)
    def play_all(script: list[tuple[str, object]]) -> None:
        asyncio.run_coroutine_threadsafe(play(db, next(numbers), script), loop).result(timeout=60)

    await asyncio.to_thread(play_all)
