"""Whatever a program tries, it ends as is written beside it, and whoever comes next finds nothing of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.sandbox.programs import ANSWERED, PROGRAMS

from shimin.ports.sandbox import Limits, Outcome, SandboxRefusal

Ask = Callable[..., Awaitable[Outcome]]
LIMITS = Limits(guest_ms=400, wall_ms=1_500, host_calls=20)
TOTAL = "2533.20"
SECRETS = ("hunter2", "core's own secret", "Traceback", "program.py", str(Path.home()))


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_hostile_program_ends_as_it_must_and_the_next_call_is_clean(ask: Ask, name: str) -> None:
    program = PROGRAMS[name]
    ended, told = await _end_of(ask, program.source)
    assert ended == program.ends
    if ended == ANSWERED:
        assert _read(told) == program.answer
    assert not [secret for secret in SECRETS if secret in told]
    after = json.loads((await ask("typical", {"today": "2026-11-23"})).output)
    assert after["total"] == TOTAL
    nothing = 'import builtins\nreturn [hasattr(builtins, "kept"), isinstance(1, int), len([1, 2])]'
    assert (await _end_of(ask, f"def main(host):\n    {nothing.replace(chr(10), chr(10) + '    ')}\n"))[1] == (
        "[false, true, 2]"
    )


async def test_programs_at_once_do_not_hear_of_each_other(ask: Ask) -> None:
    names = list(PROGRAMS)[::7]
    ended = await asyncio.gather(*(_end_of(ask, PROGRAMS[name].source) for name in names))
    assert [code for code, _ in ended] == [PROGRAMS[name].ends for name in names]


def test_there_are_many_ways_to_be_hostile() -> None:
    assert len(PROGRAMS) >= 60


def _read(told: str) -> object:
    try:
        return json.loads(told)
    except ValueError:
        return told


async def _end_of(ask: Ask, source: str) -> tuple[str, str]:
    """Return how a program ended and everything that its caller was told."""
    try:
        outcome = await ask("runs", {"program": source}, limits=LIMITS)
    except SandboxRefusal as refusal:
        return refusal.code, str(refusal)
    if outcome.ok:
        return ANSWERED, outcome.output
    return outcome.code, f"{outcome.message}{outcome.detail or ''}"
