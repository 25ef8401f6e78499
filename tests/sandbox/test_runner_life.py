"""How runners begin, wait, end and begin again."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.adapters.wasm.support import Support
from shimin.db import UnitHeldDuringIo
from shimin.kit.clock import FixedClock
from shimin.ports.sandbox import (
    BuiltComponent,
    Limits,
    MiniAppBusy,
    MiniAppCrashed,
    MiniAppTimeout,
    Outcome,
    ReleaseRef,
    SandboxUnavailable,
)

Ask = Callable[..., Awaitable[Outcome]]
Make = Callable[..., WasmSandbox]
PROBES = {
    "open",
    "open own",
    "create",
    "socket",
    "unix socket",
    "fork",
    "exec",
    "signal others",
    "executable memory",
}


def read_of(process: int, name: str) -> str:
    """Return what the kernel says of a process."""
    return Path(f"/proc/{process}/{name}").read_text("utf-8")


def exists(process: int) -> bool:
    """Tell whether there is such a process, dead ones that nobody noticed included."""
    return Path(f"/proc/{process}").exists()


async def test_a_runner_proves_its_jail_before_it_serves(sandbox: WasmSandbox, release: ReleaseRef) -> None:
    assert await sandbox.warm(release, Limits()) == dict.fromkeys(PROBES, "refused")


async def test_the_kernel_confirms_the_jail(sandbox: WasmSandbox, release: ReleaseRef) -> None:
    """Not the runner's word: the kernel's own account of the process."""
    await sandbox.warm(release, Limits())
    status, limits = (read_of(sandbox.pids()[release.release_id], name) for name in ("status", "limits"))
    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert (facts["NoNewPrivs"].strip(), facts["Seccomp"].strip()) == ("1", "2")
    core_line = next(line for line in limits.splitlines() if line.startswith("Max core"))
    processes = next(line for line in limits.splitlines() if line.startswith("Max processes"))
    assert core_line.split()[4:6] == ["0", "0"]
    assert processes.split()[2:4] == ["0", "0"]


async def test_a_runner_that_dies_between_calls_is_started_again(
    ask: Ask, sandbox: WasmSandbox, release: ReleaseRef
) -> None:
    await ask("echoes")
    first = sandbox.pids()[release.release_id]
    os.kill(first, signal.SIGKILL)
    await asyncio.sleep(0.1)
    assert release.release_id not in sandbox.pids()
    assert (await ask("echoes", {"a": 1})).output == '{"a": 1}'
    assert sandbox.pids()[release.release_id] != first


async def test_a_runner_that_dies_during_a_call_costs_that_call_alone(
    ask: Ask, sandbox: WasmSandbox, release: ReleaseRef, core: Any
) -> None:
    core.delay_s = 1
    await ask("echoes")
    waiting = asyncio.ensure_future(ask("typical", {"today": "2026-11-23"}, limits=Limits(wall_ms=600)))
    await core.was_asked.wait()
    os.kill(sandbox.pids()[release.release_id], signal.SIGKILL)
    core.delay_s = 0
    with pytest.raises((MiniAppCrashed, MiniAppTimeout)):
        await waiting
    assert (await ask("echoes")).ok


async def until_gone(process: int) -> None:
    """Wait until the process has ended, for two seconds at most."""
    for _ in range(200):
        if not exists(process):
            return
        await asyncio.sleep(0.01)
    pytest.fail("still there after two seconds")


async def test_a_runner_that_nobody_calls_any_more_ends_and_comes_back_when_asked(
    make_sandbox: Make, release: ReleaseRef, core: Any
) -> None:
    async with make_sandbox(idle_s=0.2) as sandbox:
        await sandbox.warm(release, Limits())
        first = sandbox.pids()[release.release_id]
        await until_gone(first)
        assert not sandbox.pids()
        assert (await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())).ok
        second = sandbox.pids()[release.release_id]
        assert second != first
        await until_gone(second)


async def test_a_runner_at_work_is_not_idle_however_long_it_takes(
    make_sandbox: Make, release: ReleaseRef, core: Any
) -> None:
    async with make_sandbox(idle_s=0.1) as sandbox:
        core.delay_s = 0.3
        outcome = await sandbox.call(release, "typical", '{"today": "2026-11-23"}', host=core, limits=Limits())
        assert outcome.ok
        assert outcome.usage.wall_ms > 300


async def test_only_mini_apps_in_use_hold_anything(make_sandbox: Make, release: ReleaseRef, core: Any) -> None:
    async with make_sandbox(idle_s=0.2, runners_max=2) as sandbox:
        for number in range(6):
            named = replace(release, release_id=f"rel_{number}")
            assert (await sandbox.call(named, "echoes", "{}", host=core, limits=Limits())).ok
            assert len(sandbox.pids()) <= 2
        for process in sandbox.pids().values():
            await until_gone(process)
        assert sandbox.held == 0


async def test_a_dead_runner_leaves_no_zombie(ask: Ask, sandbox: WasmSandbox, release: ReleaseRef) -> None:
    await ask("echoes")
    runner = sandbox.pids()[release.release_id]
    os.kill(runner, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert not exists(runner)


async def test_a_slow_core_ends_the_call_at_its_deadline_and_keeps_the_runner(
    ask: Ask, sandbox: WasmSandbox, release: ReleaseRef, core: Any
) -> None:
    await ask("echoes")
    runner = sandbox.pids()[release.release_id]
    core.delay_s = 30
    started = time.perf_counter()
    with pytest.raises(MiniAppTimeout) as refused:
        await ask("typical", {"today": "2026-11-23"}, limits=Limits(wall_ms=200))
    assert time.perf_counter() - started < 1
    assert refused.value.params["limit_ms"] == 200
    assert sandbox.pids()[release.release_id] == runner


async def test_a_caller_that_goes_away_leaves_a_runner_free_for_the_next(
    ask: Ask, sandbox: WasmSandbox, release: ReleaseRef, core: Any
) -> None:
    await ask("echoes")
    runner = sandbox.pids()[release.release_id]
    core.delay_s = 30
    call = asyncio.ensure_future(ask("typical", {"today": "2026-11-23"}))
    await core.was_asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await ask("echoes", {"next": True})).output == '{"next": true}'
    assert sandbox.pids()[release.release_id] == runner


async def test_more_callers_than_may_wait_are_told_to_come_back(
    make_sandbox: Make, release: ReleaseRef, core: Any
) -> None:
    core.delay_s = 0.05
    async with make_sandbox(queue_max=2) as sandbox:
        await sandbox.warm(release, Limits())

        def one() -> Awaitable[Outcome]:
            return sandbox.call(release, "typical", '{"today": "2026-11-23"}', host=core, limits=Limits())

        results = await asyncio.gather(*(one() for _ in range(6)), return_exceptions=True)
    assert [type(result) for result in results].count(Outcome) == 3
    assert [type(result) for result in results].count(MiniAppBusy) == 3


async def test_a_release_that_keeps_failing_is_not_started_in_a_tight_loop(
    make_sandbox: Make, release: ReleaseRef, core: Any
) -> None:
    async with make_sandbox() as sandbox:
        ends: list[str] = []
        for _ in range(4):
            try:
                await sandbox.call(release, "loops", "{}", host=core, limits=Limits(guest_ms=2_000, wall_ms=60))
            except (MiniAppTimeout, MiniAppBusy) as refused:
                ends.append(refused.code)
        assert ends == ["MINIAPP_TIMEOUT"] * 3 + ["MINIAPP_BUSY"]
        await asyncio.sleep(0.25)
        assert (await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())).ok


async def test_the_runner_unused_for_longest_makes_room(
    make_sandbox: Make, built: BuiltComponent, sign: Callable[..., ReleaseRef], core: Any
) -> None:
    async with make_sandbox(runners_max=2) as sandbox:
        for name in ("rel_a", "rel_b", "rel_a", "rel_c"):
            await sandbox.call(sign(built, name), "echoes", "{}", host=core, limits=Limits())
        assert set(sandbox.pids()) == {"rel_a", "rel_c"}


async def test_closing_ends_every_runner(make_sandbox: Make, release: ReleaseRef, core: Any) -> None:
    sandbox = make_sandbox()
    await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())
    runner = sandbox.pids()[release.release_id]
    await sandbox.close()
    assert not exists(runner)
    with pytest.raises(MiniAppBusy):
        await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())


async def test_a_runner_ends_with_the_process_that_it_serves(
    make_sandbox: Make, release: ReleaseRef, core: Any
) -> None:
    """Its socket closes: nothing of a server that was killed lives on."""
    sandbox = make_sandbox()
    await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())
    runner = next(item.runner for item in sandbox._bulkheads.values() if item.runner is not None)
    assert runner._wire.transport is not None
    runner._wire.transport.close()
    await asyncio.wait_for(runner._gone.wait(), timeout=5)
    await sandbox.close()


# ----------------------------------------------------------------------------------------- without a kernel that jails
@pytest.mark.parametrize(
    ("support", "missing"),
    [
        (Support("Linux", landlock=0, seccomp=True), "Landlock"),
        (Support("Linux", landlock=6, seccomp=False), "seccomp"),
        (Support("Darwin", landlock=0, seccomp=False), "Darwin"),
    ],
)
def test_a_machine_that_cannot_jail_refuses_and_says_what_to_do(
    make_sandbox: Make, support: Support, missing: str
) -> None:
    with pytest.raises(SandboxUnavailable) as refused:
        make_sandbox(support=support)
    assert missing in refused.value.params["reason"]
    assert "Linux" in refused.value.params["remedy"]


def test_production_never_goes_without_a_jail(make_sandbox: Make) -> None:
    without = Support("Linux", landlock=0, seccomp=True)
    with pytest.raises(SandboxUnavailable):
        make_sandbox(support=without, allow_unjailed=True, production=True)


async def test_development_may_go_without_a_jail_by_an_explicit_setting(
    make_sandbox: Make, release: ReleaseRef, core: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so each time, and the other walls stand."""
    without = Support("Linux", landlock=0, seccomp=True)
    async with make_sandbox(support=without, allow_unjailed=True) as sandbox:
        assert "sandbox.unjailed" in capsys.readouterr().out
        assert await sandbox.warm(release, Limits()) == {}
        with pytest.raises(MiniAppTimeout):
            await sandbox.call(release, "loops", "{}", host=core, limits=Limits(guest_ms=50))


# ------------------------------------------------------------------------------------------------ transactions
async def test_no_guest_runs_inside_a_transaction(
    ask: Ask, tmp_path: Path, frozen_clock: FixedClock, models: tuple[str, ...]
) -> None:
    from shimin.db import open_database  # noqa: PLC0415 - the one test that needs a database

    database = await open_database(f"sqlite:///{tmp_path / 'x.db'}", models=models, clock=frozen_clock)
    try:
        with pytest.raises(UnitHeldDuringIo):
            async with database.unit():
                await ask("echoes")
    finally:
        await database.close()
