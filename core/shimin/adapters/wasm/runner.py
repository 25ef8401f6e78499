"""The core's side of one runner: a child process, its socket, and the certainty that it ends when it must."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from shimin.adapters.wasm.child import start_python
from shimin.adapters.wasm.frames import LENGTH_BYTES, Frame, FrameBroken, Kind, body_length

BOOT_TIMEOUT_S = 20.0


class RunnerGone(Exception):  # noqa: N818 - says what happened
    """The runner ended, or broke the protocol and was ended."""


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """What a runner is started with."""

    memory_mib: int
    ahead: int
    jailed: bool


class _Wire(asyncio.Protocol):
    """Turns what arrives into frames, for one reader."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._frames: deque[Frame] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._over: str | None = None
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take whole frames out of what has arrived so far."""
        if self.is_over:
            return
        received = self._received
        received += data
        try:
            while len(received) >= LENGTH_BYTES:
                end = LENGTH_BYTES + body_length(received)
                if len(received) < end:
                    break
                self._frames.append(Frame(received[:end]))
                del received[:end]
        except FrameBroken as broken:
            self.end(str(broken))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the reader that nothing more comes."""
        self.end(str(exc) if exc else "ended")

    def end(self, why: str) -> None:
        """Give the reader nothing but the end from here on."""
        self._over = self._over or why
        self._received.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self._over is not None

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises:
            RunnerGone: nothing more comes.
        """
        while not self._frames:
            if self._over is not None:
                raise RunnerGone(self._over)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._frames.popleft()


class Runner:
    """One child process that runs guests of one release."""

    def __init__(self, child: subprocess.Popen[bytes], wire: _Wire) -> None:
        """Hold a started child; use ``start``."""
        self._child = child
        self._wire = wire
        self._pidfd = os.pidfd_open(child.pid)
        self._gone = asyncio.Event()
        self.probes: dict[str, str] = {}
        self.boot_us = 0
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    @classmethod
    async def start(cls, code: int, settings: RunnerSettings) -> "Runner":
        """Start a runner on verified compiled code and wait until it is jailed and ready.

        Args:
            code: descriptor of the compiled code; stays the caller's.

        Raises:
            RunnerGone: it could not load, could not jail itself, or took longer than ``BOOT_TIMEOUT_S``.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        numbers = (theirs.fileno(), code, settings.memory_mib, settings.ahead, int(settings.jailed))
        arguments = [str(number) for number in numbers]
        try:
            child = await asyncio.to_thread(
                start_python, "shimin.adapters.wasm.runner_main", arguments,
                cwd=Path("/"), inherit=[theirs.fileno(), code], output=subprocess.DEVNULL,
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
        _, wire = await asyncio.get_running_loop().create_connection(_Wire, sock=ours)
        runner = cls(child, wire)
        try:
            async with asyncio.timeout(BOOT_TIMEOUT_S):
                await runner._await_ready(jailed=settings.jailed)
        except TimeoutError:
            runner.kill()
            message = "not ready in time"
            raise RunnerGone(message) from None
        except BaseException:
            runner.kill()
            raise
        return runner

    async def _await_ready(self, *, jailed: bool) -> None:
        """Read the first frame and believe in the jail only when each probe was refused."""
        frame = await self._wire.receive()
        if frame.kind == Kind.FAILED:
            message = f"{frame.text(0)}: {frame.text(1)}"
            raise RunnerGone(message)
        if frame.kind != Kind.READY:
            message = "protocol"
            raise RunnerGone(message)
        self.boot_us = frame.number(0)
        self.probes = {frame.text(nth): frame.text(nth + 1) for nth in range(0, len(frame.texts) - 1, 2)}
        open_doors = [name for name, result in self.probes.items() if result != "refused"]
        if jailed and (open_doors or not self.probes):
            message = f"jail: not refused: {', '.join(open_doors) or 'nothing was probed'}"
            raise RunnerGone(message)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs and keeps to the protocol."""
        return self._pidfd >= 0 and not self._wire.is_over

    def send(self, frame: bytearray) -> None:
        """Send a frame; one that cannot arrive shows in the next ``receive``."""
        transport = self._wire.transport
        if transport is not None and not transport.is_closing():
            transport.write(frame)

    async def receive(self) -> Frame:
        """Return the runner's next frame.

        Raises:
            RunnerGone: it ended or broke the protocol.
        """
        return await self._wire.receive()

    def kill(self) -> None:
        """End it now; the process id cannot have been given to another, since it is named by a descriptor."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._wire.end("killed")
        if self._wire.transport is not None:
            self._wire.transport.abort()

    def _on_exit(self) -> None:
        """Take note of the child's end, so that no zombie stays."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self._child.wait()
        self._wire.end(f"ended with status {self._child.returncode}")
        self._gone.set()

    async def wait_gone(self) -> None:
        """Kill it and wait until it has ended."""
        self.kill()
        await self._gone.wait()
