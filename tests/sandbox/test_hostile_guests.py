"""Each way to misbehave ends in its own typed refusal; the next call is answered and nobody else is harmed."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.ports.sandbox import (
    HostCallsExceeded,
    Limits,
    MiniAppCrashed,
    MiniAppMemory,
    MiniAppOutputTooBig,
    MiniAppOutputTooDeep,
    MiniAppTimeout,
    Outcome,
    ReleaseRef,
)

Ask = Callable[..., Awaitable[Outcome]]
GRACE_MS = 50
MACHINE_MS = 250
"""What a busy machine may add to a time that is otherwise promised."""


@pytest.fixture(autouse=True)
async def others_are_unharmed(ask: Ask) -> AsyncIterator[None]:
    """After each test, whatever its guest did, an ordinary call is answered as always, by the same server process."""
    server = os.getpid()
    yield
    answer = json.loads((await ask("typical", {"today": "2026-11-23"})).output)
    assert (answer["total"], os.getpid()) == ("2533.20", server)


async def test_a_guest_that_loops_and_catches_everything_ends_when_its_time_is_over(ask: Ask) -> None:
    started = time.process_time()
    with pytest.raises(MiniAppTimeout) as refused:
        await ask("loops", limits=Limits(guest_ms=100))
    assert refused.value.params == {"app_id": "linhai.test.probe", "limit_ms": 100}
    assert time.process_time() - started < 0.1  # the server's own time: it only waited


async def test_a_runaway_guest_is_dead_within_the_grace_after_its_deadline(ask: Ask) -> None:
    await ask("echoes")
    started = time.perf_counter()
    with pytest.raises(MiniAppTimeout):
        await ask("loops", limits=Limits(guest_ms=2_000, wall_ms=300))
    assert (time.perf_counter() - started) * 1000 < 300 + GRACE_MS + MACHINE_MS


async def test_a_guest_that_asks_for_too_much_memory_is_refused_it(ask: Ask) -> None:
    with pytest.raises(MiniAppMemory) as refused:
        await ask("eats_memory")
    assert refused.value.params == {"app_id": "linhai.test.probe", "memory_mib": 48}


async def test_a_guest_that_survives_being_refused_memory_may_answer(ask: Ask) -> None:
    outcome = await ask("hides_memory")
    assert json.loads(outcome.output) == {"survived": True}
    assert outcome.usage.memory_bytes < 48 * 1024 * 1024


async def test_an_answer_that_is_too_long_is_not_taken(ask: Ask) -> None:
    with pytest.raises(MiniAppOutputTooBig) as refused:
        await ask("answers_much", {"bytes": 1024 * 1024})
    assert refused.value.params["size_bytes_max"] == 1024 * 1024
    assert len((await ask("answers_much", {"bytes": 1024 * 1024 - 2})).output) == 1024 * 1024


async def test_an_answer_that_is_nested_too_deeply_is_not_taken(ask: Ask) -> None:
    for depth in (65, 200_000):
        with pytest.raises(MiniAppOutputTooDeep):
            await ask("answers_deep", {"depth": depth})
    assert (await ask("answers_deep", {"depth": 64})).output == "[" * 64 + "]" * 64


async def test_variables_that_are_nested_too_deeply_never_reach_the_core(ask: Ask, core: Any) -> None:
    outcome = await ask("asks_deep", {"depth": 1_000})
    assert json.loads(outcome.output) == {"code": "HOST_CALL_TOO_DEEP"}
    assert core.asked == []


async def test_variables_that_are_too_long_never_reach_the_core(ask: Ask, core: Any) -> None:
    assert json.loads((await ask("asks_much")).output) == {"code": "HOST_CALL_TOO_BIG"}
    assert core.asked == []


async def test_endless_recursion_is_the_guests_own_bug(ask: Ask) -> None:
    assert (await ask("recurses")).code == "INTERNAL"


async def test_recursion_inside_the_interpreter_ends_the_instance(ask: Ask) -> None:
    with pytest.raises(MiniAppCrashed):
        await ask("recurses_in_c")


async def test_a_guest_cannot_sleep(ask: Ask) -> None:
    started = time.perf_counter()
    with pytest.raises(MiniAppCrashed):
        await ask("sleeps")
    assert time.perf_counter() - started < 1


async def test_a_guest_that_floods_the_core_ends_at_the_limit(ask: Ask, core: Any) -> None:
    """It cannot catch its end, and the core hears no more than it agreed to."""
    with pytest.raises(HostCallsExceeded) as refused:
        await ask("floods_host", limits=Limits(host_calls=7))
    assert refused.value.params["host_calls_max"] == 7
    assert len(core.asked) == 7


async def test_a_guest_that_floods_the_log_is_heard_up_to_its_allowance(ask: Ask, core: Any) -> None:
    outcome = await ask("floods_log")
    assert json.loads(outcome.output) == {"done": True}
    heard = sum(len(level) + len(message) for level, message in core.lines)
    assert 50_000 < heard <= outcome.usage.log_bytes <= 64 * 1024


async def test_empty_lines_are_not_free(ask: Ask, core: Any) -> None:
    await ask("floods_empty_log")
    assert len(core.lines) == 64 * 1024 // 32


async def test_a_guest_finds_no_file_no_process_and_no_environment(ask: Ask) -> None:
    assert json.loads((await ask("reaches_out")).output) == {"worked": [], "environment": {}, "argv": []}


async def test_a_guest_that_opens_a_connection_ends(ask: Ask) -> None:
    with pytest.raises(MiniAppCrashed):
        await ask("connects")


async def test_a_guest_that_ends_its_interpreter_ends_itself_alone(
    ask: Ask, sandbox: WasmSandbox, release: ReleaseRef
) -> None:
    await ask("echoes")
    runner = sandbox.pids()[release.release_id]
    with pytest.raises(MiniAppCrashed):
        await ask("exits")
    assert sandbox.pids()[release.release_id] == runner


async def test_what_a_guest_does_costs_its_neighbours_nothing(
    ask: Ask, sandbox: WasmSandbox, built: Any, sign: Callable[..., ReleaseRef], core: Any
) -> None:
    """Two releases: while one loops, the other answers."""
    neighbour = sign(built, "rel_neighbour")
    await sandbox.warm(neighbour, Limits())
    looping = asyncio.ensure_future(ask("loops", limits=Limits(guest_ms=1_000, wall_ms=3_000)))
    await asyncio.sleep(0.05)
    answered = await sandbox.call(neighbour, "echoes", "{}", host=core, limits=Limits())
    assert answered.ok
    assert not looping.done()
    with pytest.raises(MiniAppTimeout):
        await looping
