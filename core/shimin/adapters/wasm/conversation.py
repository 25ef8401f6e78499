"""One guest call: hand it over, serve what the guest asks of the core, hold it to its limits, take its answer."""

import asyncio
import os
import time
from typing import NoReturn

import structlog

from shimin.adapters.wasm.depth import is_shallow
from shimin.adapters.wasm.frames import HOST_CALLS, TOKEN_BYTES, Cause, Frame, FrameBroken, Kind, pack
from shimin.adapters.wasm.runner import Runner, RunnerGone
from shimin.ports.sandbox import (
    HOST_CALL_BYTES_MAX,
    HOST_REPLY_BYTES_MAX,
    HostCalls,
    HostCallsExceeded,
    HostRefusal,
    Limits,
    MiniAppCrashed,
    MiniAppMemory,
    MiniAppOutputTooBig,
    MiniAppOutputTooDeep,
    MiniAppTimeout,
    Outcome,
    ReleaseRef,
    Usage,
)

log = structlog.get_logger("shimin.sandbox")
GRACE_S = 0.05
"""How long a runner may take to end a guest that is told to, before it is killed."""
LOG_LINE_BYTES = 32
LOG_SLACK_BYTES = 1024
_ANSWERS = frozenset({Kind.DONE, Kind.SAID_NO, Kind.ENDED})


class Conversation:
    """Serves one call; made for it and used once."""

    def __init__(self, runner: Runner, release: ReleaseRef, host: HostCalls, limits: Limits) -> None:
        """Hold what the call needs."""
        self._runner = runner
        self._release = release
        self._host = host
        self._limits = limits
        self._token = os.urandom(TOKEN_BYTES)
        self._asked = False
        self._host_calls = 0
        self._log_bytes = 0

    async def hold(self, operation: str, input_json: str, *, queued_ms: float) -> Outcome:
        """Run the call to its end.

        Cancelled, it still ends the guest before it returns, so that the runner is free for the next call.

        Raises:
            SandboxRefusal: whatever ended it.
        """
        limits, started = self._limits, time.perf_counter()
        deadline = asyncio.get_running_loop().time() + limits.wall_ms / 1000
        numbers = (limits.guest_ms, limits.host_calls, limits.output_bytes_max, limits.log_bytes_max)
        self._runner.send(pack(Kind.CALL, self._token, numbers, (operation, input_json)))
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._converse()
            return self._outcome(answer, (time.perf_counter() - started) * 1000, queued_ms)
        except TimeoutError:
            await self._end_guest(GRACE_S)
            raise MiniAppTimeout(app_id=self._release.app_id, limit_ms=limits.wall_ms) from None
        except asyncio.CancelledError:
            await self._end_guest(max(GRACE_S, deadline - asyncio.get_running_loop().time()))
            raise
        except (RunnerGone, FrameBroken) as gone:
            self._runner.kill()
            log.warning("sandbox.runner_gone", app_id=self._release.app_id, why=str(gone)[:200])
            raise MiniAppCrashed(app_id=self._release.app_id) from None

    async def _converse(self) -> Frame:
        """Serve the guest's questions until it answers."""
        while True:
            frame = await self._next()
            if frame.kind in _ANSWERS:
                return frame
            if frame.kind == Kind.LOG:
                await self._log(frame.text(0), frame.text(1))
                continue
            self._host_calls += 1
            if self._host_calls > self._limits.host_calls:
                # The runner counts too and ends its guest; one that sends more is no longer our code.
                self._runner.kill()
                raise HostCallsExceeded(app_id=self._release.app_id, host_calls_max=self._limits.host_calls)
            self._asked = True
            reply = await self._answer(frame)
            self._asked = False
            self._runner.send(reply)

    async def _next(self) -> Frame:
        """Return the next frame of this call.

        Raises:
            RunnerGone: it ended, or sent what does not belong to this call.
        """
        frame = await self._runner.receive()
        expected = frame.kind in _ANSWERS or frame.kind in HOST_CALLS or frame.kind == Kind.LOG
        if frame.token != self._token or not expected:
            message = "a frame that belongs to no call at hand"
            raise RunnerGone(message)
        return frame

    async def _answer(self, frame: Frame) -> bytearray:
        """Return the core's answer to one host call; a bug in the core reaches the guest without words."""
        subject, text = frame.text(0), frame.text(1)
        if len(subject.encode()) + len(text.encode()) > HOST_CALL_BYTES_MAX:
            return self._refuse("HOST_CALL_TOO_BIG")
        if not is_shallow(text, self._limits.json_depth_max):
            return self._refuse("HOST_CALL_TOO_DEEP")
        doors = {Kind.EXECUTE: self._host.execute, Kind.FETCH: self._host.fetch, Kind.ASK: self._host.ask}
        try:
            reply = await doors[Kind(frame.kind)](subject, text)
        except HostRefusal as refusal:
            return self._refuse(refusal.code, refusal.message, refusal.detail)
        except Exception:
            log.exception("sandbox.host_call_failed", app_id=self._release.app_id, release_id=self._release.release_id)
            return self._refuse("INTERNAL")
        answer = pack(Kind.REPLY, self._token, (), (reply,))
        return answer if len(answer) <= HOST_REPLY_BYTES_MAX else self._refuse("HOST_REPLY_TOO_BIG")

    def _refuse(self, code: str, message: str = "", detail: str | None = None) -> bytearray:
        """Return the frame that tells the guest no."""
        return pack(Kind.REFUSE, self._token, (), (code, message, detail))

    async def _log(self, level: str, message: str) -> None:
        """Pass a line on; the runner drops what is too much, so one that does not is no longer our code."""
        self._log_bytes += len(level.encode()) + len(message.encode()) + LOG_LINE_BYTES
        if self._log_bytes > self._limits.log_bytes_max + LOG_SLACK_BYTES:
            message = "more log than allowed"
            raise RunnerGone(message)
        try:
            await self._host.log(level, message)
        except Exception:
            log.exception("sandbox.log_failed", app_id=self._release.app_id)

    async def _end_guest(self, within_s: float) -> None:
        """End the guest at its next question, or with its runner once the time is over."""
        try:
            async with asyncio.timeout(within_s if self._asked or within_s > GRACE_S else 0):
                if self._asked:
                    self._runner.send(pack(Kind.ABORT, self._token))
                while (frame := await self._next()).kind not in _ANSWERS:
                    if frame.kind != Kind.LOG:
                        self._runner.send(pack(Kind.ABORT, self._token))
        except (TimeoutError, RunnerGone, FrameBroken, asyncio.CancelledError):
            self._runner.kill()

    def _outcome(self, answer: Frame, wall_ms: float, queued_ms: float) -> Outcome:
        """Turn the last frame into what the caller gets.

        Raises:
            SandboxRefusal: the instance ended without an answer, or its answer is out of bounds.
        """
        limits, app_id = self._limits, self._release.app_id
        usage = Usage(
            wall_ms=wall_ms,
            cpu_ms=answer.number(0) / 1000,
            memory_bytes=answer.number(1),
            host_calls=self._host_calls,
            log_bytes=self._log_bytes,
            queued_ms=queued_ms,
        )
        if answer.kind == Kind.ENDED:
            self._raise_ended(answer.text(0), answer.text(1))
        told = [answer.text(0)] if answer.kind == Kind.DONE else [answer.text(0), answer.text(1), answer.texts[2] or ""]
        if sum(len(text.encode()) for text in told) > limits.output_bytes_max:
            raise MiniAppOutputTooBig(app_id=app_id, size_bytes_max=limits.output_bytes_max)
        if not is_shallow(told[-1], limits.json_depth_max):
            raise MiniAppOutputTooDeep(app_id=app_id, depth_max=limits.json_depth_max)
        if answer.kind == Kind.SAID_NO:
            return Outcome(ok=False, output="", code=told[0], message=told[1], detail=answer.texts[2], usage=usage)
        return Outcome(ok=True, output=told[0], code="", message="", detail=None, usage=usage)

    def _raise_ended(self, cause: str, said: str) -> NoReturn:
        """Say why an instance ended without an answer."""
        limits, app_id = self._limits, self._release.app_id
        log.warning(
            "sandbox.guest_ended", app_id=app_id, release_id=self._release.release_id, cause=cause, said=said[:300]
        )
        if cause == Cause.TIME:
            raise MiniAppTimeout(app_id=app_id, limit_ms=limits.guest_ms)
        if cause == Cause.ABORTED:
            raise MiniAppTimeout(app_id=app_id, limit_ms=limits.wall_ms)
        if cause == Cause.MEMORY:
            raise MiniAppMemory(app_id=app_id, memory_mib=limits.memory_mib)
        if cause == Cause.OUTPUT:
            raise MiniAppOutputTooBig(app_id=app_id, size_bytes_max=limits.output_bytes_max)
        if cause == Cause.HOST_CALLS:
            raise HostCallsExceeded(app_id=app_id, host_calls_max=limits.host_calls)
        raise MiniAppCrashed(app_id=app_id)
