"""Starts a contestant's server, lets citizens in, and proves that it answers right before anything is measured."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from answer import home
from city_rows import citizen_id, session_id
from contestants import Contestant, Place, document
from load import BadAnswer, ask, post
from servers import die_with_parent
from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.db import open_database
from shimin.kit.call import Locale
from shimin.kit.clock import SystemClock

START_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 10.0
PROVEN = 8
"""Citizens whose answers are compared before each measurement; one more is asked in English."""
Right = tuple[int, Locale, Mapping[str, Any]]
"""A citizen, a language, and what their home screen holds."""
LANGUAGES: Mapping[Locale, str] = {"zh-Hans": "zh-CN,zh;q=0.9,en;q=0.8", "en": "en-GB,en;q=0.9"}


class NotRunning(Exception):  # noqa: N818 - said to a person, as it is
    """A contestant's server did not start, or answers something else than the others."""


@dataclass(frozen=True, slots=True)
class Passes:
    """Hands out access tokens as a sign-in would: ES256, ten minutes, one session a citizen."""

    tokens: JwtTokens
    public_key: str

    @classmethod
    def open(cls, data_dir: Path, issuer: str) -> "Passes":
        """Make the platform's keys where the platform will look for them."""
        keys = KeyFolder(data_dir / "secrets" / "tokens")
        public = keys.signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return cls(JwtTokens(keys, issuer=issuer, clock=SystemClock()), public.decode())

    def requests(
        self, contestant: Contestant, port: int, citizens: Sequence[int], locale: Locale = "zh-Hans"
    ) -> list[bytes]:
        """Return the home screen's request of each citizen, with new tokens."""
        text = document()
        return [
            post(port, self._token(number), json.dumps(contestant.body(text)).encode(), language=LANGUAGES[locale])
            for number in citizens
        ]

    def _token(self, number: int) -> str:
        return self.tokens.issue(subject=citizen_id(number), session_id=session_id(number)).text


@contextlib.contextmanager
def running(contestant: Contestant, place: Place, cores: frozenset[int]) -> Iterator[int]:
    """Run a contestant's server on these cores and yield its process id once it listens.

    Raises:
        NotRunning: it ended or did not listen in time; the text ends with what it printed.
    """
    log = place.data_dir / f"{contestant.name}.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SHIMIN_", "BENCH_"))},
        **contestant.environment(place),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            contestant.command(place), env=environment, cwd=place.data_dir, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=functools.partial(_begin, cores),  # noqa: PLW1509 - one thread
        )  # fmt: skip
    try:
        _wait(process, place.port, contestant, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _begin(cores: frozenset[int]) -> None:
    """Run between fork and exec: where the server may run, and that it ends when this process is killed."""
    os.sched_setaffinity(0, cores)
    die_with_parent()


def _wait(process: "subprocess.Popen[bytes]", port: int, contestant: Contestant, log: Path) -> None:
    give_up = time.monotonic() + START_TIMEOUT_S
    request = post(port, "none", b"{}")
    while True:
        if process.poll() is not None or time.monotonic() > give_up:
            raise NotRunning(f"{contestant.name} did not start:\n{log.read_text(errors='replace')[-3000:]}")
        with contextlib.suppress(ConnectionRefusedError):
            with contextlib.suppress(BadAnswer):  # nobody's token: that it answers at all is what counts
                ask(port, request)
            return
        time.sleep(0.05)


async def expected(url: str, citizens: Sequence[int]) -> Sequence[Right]:
    """Return the right answers for some of the citizens, and for one of them in English."""
    chosen = citizens[:: max(1, len(citizens) // PROVEN)][:PROVEN]
    asked: list[tuple[int, Locale]] = [(number, "zh-Hans") for number in chosen]
    asked.append((chosen[-1], "en"))
    database = await open_database(url, pool_size=1)
    try:
        async with database.reader() as reader:
            return [(number, locale, await home(reader, citizen_id(number), locale)) for number, locale in asked]
    finally:
        await database.close()


def prove(contestant: Contestant, port: int, passes: Passes, right: Sequence[Right]) -> None:
    """Ask for the home screens whose answers are known; go on only if each is equal.

    Raises:
        NotRunning: an answer differs; the text says where.
    """
    if contestant.is_static:
        return
    for number, locale, data in right:
        [request] = passes.requests(contestant, port, [number], locale)
        try:
            given = json.loads(ask(port, request)).get("data")
        except BadAnswer as bad:
            raise NotRunning(f"{contestant.name} does not answer the home screen: {bad}") from None
        if place := difference(data, given):
            raise NotRunning(f"{contestant.name} answers differently for citizen {number} ({locale}): {place}")


def difference(right: Any, given: Any, path: str = "data") -> str | None:
    """Return the first place where two JSON values differ, None where they are equal."""
    if isinstance(right, Mapping) and isinstance(given, Mapping) and right.keys() == given.keys():
        pairs = [(f"{path}.{key}", right[key], given[key]) for key in right]
    elif isinstance(right, list) and isinstance(given, list) and len(right) == len(given):
        pairs = [(f"{path}[{place}]", *both) for place, both in enumerate(zip(right, given, strict=True))]
    else:
        return None if right == given and type(right) is type(given) else f"{path} is {given!r}, not {right!r}"
    return next((found for where, one, other in pairs if (found := difference(one, other, where))), None)
