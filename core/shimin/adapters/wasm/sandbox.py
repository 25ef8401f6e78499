"""Fulfils the sandbox port: one jailed process per release, one guest at a time in it, everybody else unharmed."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog

from shimin.adapters.wasm.artifact import Artifacts, Load, Verify, sign_build
from shimin.adapters.wasm.conversation import Conversation
from shimin.adapters.wasm.runner import Runner, RunnerGone, RunnerSettings
from shimin.adapters.wasm.support import Support, sandbox_support
from shimin.db import assert_outside_unit
from shimin.ports.sandbox import (
    HostCalls,
    Limits,
    MiniAppBusy,
    MiniAppCrashed,
    MiniAppInputTooBig,
    Outcome,
    ReleaseRef,
    SandboxUnavailable,
)

__all__ = ["Support", "WasmSandbox", "sandbox_support", "sign_build"]

log = structlog.get_logger("shimin.sandbox")
T = TypeVar("T")
BACK_OFF_FROM = 3
"""Failures in a row after which a release's runner is not restarted at once."""
BACK_OFF_S, BACK_OFF_MAX_S = 0.2, 30.0
QUEUE_WAIT_S = 2.0
AHEAD_MAX = 8
IDLE_S = 300.0
SWEEPS_PER_IDLE = 4
"""A runner ends between ``idle_s`` and a quarter more after its last call."""


@dataclass(slots=True)
class _Bulkhead:
    """All there is of one release on this machine; what happens in it stays in it."""

    release: ReleaseRef
    settings: RunnerSettings
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    runner: Runner | None = None
    failures: int = 0
    not_before: float = 0.0
    used_at: float = 0.0

    def failed(self) -> None:
        """Count a failure and put off the next start when there were several."""
        self.failures += 1
        if self.failures >= BACK_OFF_FROM:
            pause = min(BACK_OFF_S * 2 ** (self.failures - BACK_OFF_FROM), BACK_OFF_MAX_S)
            self.not_before = time.monotonic() + pause

    @property
    def is_free(self) -> bool:
        """Whether nobody uses it or waits for it."""
        return self.waiting == 0 and not self.turn.locked()


class WasmSandbox:
    """Run mini-apps as WebAssembly components in jailed child processes."""

    def __init__(
        self,
        *,
        work_dir: Path,
        load: Load,
        verify: Verify,
        ahead: int = 2,
        runners_max: int = 32,
        queue_max: int = 16,
        idle_s: float = IDLE_S,
        allow_unjailed: bool = False,
        production: bool = False,
        support: Support | None = None,
    ) -> None:
        """Check that this machine can jail runners.

        Args:
            work_dir: where compiled code is kept for loading.
            load: returns compiled code by its key in the file store.
            verify: checks the build key's signatures.
            ahead: instances that a runner prepares for calls to come (1 to ``AHEAD_MAX``).
            runners_max: processes at a time; the one unused for longest makes room.
            queue_max: calls that may wait for one release.
            idle_s: a runner that nobody called for so long ends, so that only mini-apps in use hold memory.
            allow_unjailed: go without a jail where the kernel has none; development only.
            production: refuse to go without, whatever ``allow_unjailed`` says.
            support: what the kernel offers, when already known.

        Raises:
            SandboxUnavailable: the kernel cannot jail, and going without is not allowed.
        """
        support = support or sandbox_support()
        if not support.jails:
            if production or not allow_unjailed:
                raise SandboxUnavailable(reason=support.reason, remedy=support.remedy)
            log.warning("sandbox.unjailed", reason=support.reason, remedy=support.remedy)
        if not 1 <= ahead <= AHEAD_MAX:
            message = f"ahead must be 1 to {AHEAD_MAX}"
            raise ValueError(message)
        self._jailed = support.jails
        self._artifacts = Artifacts(work_dir / "compiled", load, verify)
        self._ahead = ahead
        self._runners_max = runners_max
        self._queue_max = queue_max
        self._idle_s = idle_s
        self._sweeping = False
        self._bulkheads: dict[tuple[str, str, int], _Bulkhead] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def call(
        self, release: ReleaseRef, operation: str, input_json: str, *, host: HostCalls, limits: Limits
    ) -> Outcome:
        """Fulfil the port; see ``Sandbox.call``."""
        assert_outside_unit("run a mini-app")
        if len(input_json) + len(operation) > limits.input_bytes_max or (
            len(input_json.encode()) + len(operation.encode()) > limits.input_bytes_max
        ):
            raise MiniAppInputTooBig(app_id=release.app_id, size_bytes_max=limits.input_bytes_max)
        return await self._detached(self._call(release, operation, input_json, host, limits))

    async def warm(self, release: ReleaseRef, limits: Limits) -> dict[str, str]:
        """Start the release's runner before anybody waits for it; return what its jail refused.

        Raises:
            Like ``call``, as far as starting goes.
        """

        async def start() -> dict[str, str]:
            bulkhead = self._bulkhead(release, limits)
            async with self._turn(bulkhead):
                return dict((await self._runner_of(bulkhead)).probes)

        return await self._detached(start())

    def pids(self) -> dict[str, int]:
        """Return the process id of each running release, for measuring."""
        return {
            bulkhead.release.release_id: bulkhead.runner.pid
            for bulkhead in self._bulkheads.values()
            if bulkhead.runner is not None and bulkhead.runner.is_alive
        }

    @property
    def held(self) -> int:
        """Number of releases that this process keeps anything for."""
        return len(self._bulkheads)

    async def close(self) -> None:
        """End every runner and whatever still waits for one."""
        self._closed = True
        runners = [bulkhead.runner for bulkhead in self._bulkheads.values() if bulkhead.runner is not None]
        self._bulkheads.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(runner.wait_gone() for runner in runners))

    async def _detached(self, work: Coroutine[Any, Any, T]) -> T:
        """Run in a task of its own: a caller that goes away must not leave a runner in the middle of a call."""
        task = self._start(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run in a task that ``close`` ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        """Let go of a finished task; its caller may have gone, so its refusal is taken note of here."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _call(
        self, release: ReleaseRef, operation: str, input_json: str, host: HostCalls, limits: Limits
    ) -> Outcome:
        """Wait for the release's turn and hold the conversation."""
        bulkhead = self._bulkhead(release, limits)
        queued = time.perf_counter()
        async with self._turn(bulkhead):
            try:
                runner = await self._runner_of(bulkhead)
                conversation = Conversation(runner, release, host, limits)
                queued_ms = (time.perf_counter() - queued) * 1000
                outcome = await conversation.hold(operation, input_json, queued_ms=queued_ms)
                bulkhead.failures = 0
                return outcome
            finally:
                bulkhead.used_at = time.monotonic()
                if bulkhead.runner is not None and not bulkhead.runner.is_alive:
                    bulkhead.runner = None
                    bulkhead.failed()

    def _bulkhead(self, release: ReleaseRef, limits: Limits) -> _Bulkhead:
        """Return the release's part of the sandbox.

        Raises:
            MiniAppBusy: the sandbox is closing.
        """
        if self._closed:
            raise MiniAppBusy(app_id=release.app_id)
        key = (release.release_id, release.compiled_digest, limits.memory_mib)
        bulkhead = self._bulkheads.get(key)
        if bulkhead is None:
            settings = RunnerSettings(memory_mib=limits.memory_mib, ahead=self._ahead, jailed=self._jailed)
            bulkhead = self._bulkheads[key] = _Bulkhead(release, settings)
        return bulkhead

    @asynccontextmanager
    async def _turn(self, bulkhead: _Bulkhead) -> AsyncIterator[None]:
        """Wait until no other call of the release runs, and let none run within.

        Raises:
            MiniAppBusy: too many wait already, or it took too long.
        """
        if bulkhead.waiting >= self._queue_max:
            raise MiniAppBusy(app_id=bulkhead.release.app_id)
        bulkhead.waiting += 1
        try:
            async with asyncio.timeout(QUEUE_WAIT_S):
                await bulkhead.turn.acquire()
        except TimeoutError:
            raise MiniAppBusy(app_id=bulkhead.release.app_id) from None
        finally:
            bulkhead.waiting -= 1
        try:
            yield
        finally:
            bulkhead.turn.release()

    async def _runner_of(self, bulkhead: _Bulkhead) -> Runner:
        """Return the release's runner, started now where there is none; the caller has the turn.

        Raises:
            ArtifactAltered, ArtifactOutdated: its code may not run here.
            MiniAppBusy: it failed too often just now, or every runner is at work.
            MiniAppCrashed: it does not start.
            SandboxUnavailable: it does not get into its jail.
        """
        bulkhead.used_at = time.monotonic()
        if bulkhead.runner is not None and bulkhead.runner.is_alive:
            return bulkhead.runner
        bulkhead.runner = None
        if bulkhead.used_at < bulkhead.not_before:
            raise MiniAppBusy(app_id=bulkhead.release.app_id)
        await self._make_room(bulkhead)
        code = await self._artifacts.open(bulkhead.release)
        try:
            bulkhead.runner = await Runner.start(code, bulkhead.settings)
        except RunnerGone as gone:
            bulkhead.failed()
            log.error("sandbox.start_failed", app_id=bulkhead.release.app_id, why=str(gone)[:500])  # noqa: TRY400
            if str(gone).startswith("jail"):
                raise SandboxUnavailable(reason=str(gone), remedy=sandbox_support().remedy) from None
            raise MiniAppCrashed(app_id=bulkhead.release.app_id) from None
        finally:
            os.close(code)
        if self._closed:
            bulkhead.runner.kill()
            raise MiniAppBusy(app_id=bulkhead.release.app_id)
        if not self._sweeping:
            self._sweeping = True
            self._start(self._sweep())
        return bulkhead.runner

    async def _sweep(self) -> None:
        """End runners that nobody calls any more, for as long as there is anything to end."""
        try:
            while self._bulkheads:
                await asyncio.sleep(self._idle_s / SWEEPS_PER_IDLE)
                await asyncio.gather(*self._idle_runners_gone())
        finally:
            self._sweeping = False

    def _idle_runners_gone(self) -> list[Coroutine[Any, Any, None]]:
        """Take every runner and release out of use that was idle for long enough; return what ends the runners."""
        now, ends = time.monotonic(), []
        for key, bulkhead in list(self._bulkheads.items()):
            if now - bulkhead.used_at < self._idle_s or now < bulkhead.not_before or not bulkhead.is_free:
                continue
            del self._bulkheads[key]
            if bulkhead.runner is not None:
                log.info("sandbox.idle_ended", app_id=bulkhead.release.app_id, release_id=bulkhead.release.release_id)
                bulkhead.runner.kill()
                ends.append(bulkhead.runner.wait_gone())
        return ends

    async def _make_room(self, newcomer: _Bulkhead) -> None:
        """End the runner unused for longest where there are as many as there may be.

        Raises:
            MiniAppBusy: all of them are at work.
        """
        alive = [item for item in self._bulkheads.values() if item.runner is not None and item.runner.is_alive]
        if len(alive) < self._runners_max:
            return
        idle = [item for item in alive if item.is_free]
        if not idle:
            raise MiniAppBusy(app_id=newcomer.release.app_id)
        oldest = min(idle, key=lambda item: item.used_at)
        runner, oldest.runner = oldest.runner, None
        if runner is not None:
            await runner.wait_gone()
