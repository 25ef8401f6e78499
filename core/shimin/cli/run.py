"""``shimin run``: the whole platform on this machine, with a demonstration city in it."""

import asyncio
import ctypes
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer
from rich.console import Console
from rich.panel import Panel

from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.cli.demo_servers import port_of
from shimin.cli.serve import bind
from shimin.config import Settings, load_settings
from shimin.demo.stamp import is_prepared, stamp
from shimin.kit.refusal import Refusal

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 8.0
CRASHES_MAX = 5
CRASH_WINDOW_S = 60.0


class ProcessNotReady(Refusal):
    """A part of the platform did not become ready; its own lines above say why."""

    code = "PROCESS_NOT_READY"
    process: str


def run(
    demo: Annotated[bool, typer.Option(help="Seed the demonstration city and start its department and bank.")] = True,
) -> None:
    """Start everything on this machine for development: database, city, department, payment channel, server.

    Example: shimin run
    """
    settings = load_settings()
    if settings.mode == "production":
        raise DevelopmentOnly(what="shimin run")
    console = Console()
    started = time.monotonic()
    demo_urls = (settings.demo_department_url, settings.channel_url) if demo else ()
    for host, port in ((settings.host, settings.port), *(("127.0.0.1", port_of(url)) for url in demo_urls)):
        bind(host, port).close()
    console.print("[bold]Shimin 市民[/bold] - development mode on embedded defaults; not for production.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    fleet = Fleet(console, settings, demo=demo)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        fleet.start_demo()
        if not is_prepared(settings, demo=demo):
            from shimin.demo.city import prepare  # noqa: PLC0415 - loads everything, which a second start need not

            asyncio.run(prepare(settings, console, demo=demo))
            stamp(settings, demo=demo)
        fleet.start()
        _welcome(console, settings, time.monotonic() - started)
        fleet.watch()
    except KeyboardInterrupt:
        pass
    finally:
        fleet.stop()


@dataclass(slots=True)
class Child:
    """One process of the platform, started again when it dies."""

    name: str
    arguments: Sequence[str]
    ready_url: str | None
    process: subprocess.Popen[bytes] | None = None
    crashes: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Start the process in a session of its own, so that one signal does not hit it twice.

        It is asked to end when this one dies, whatever of: no server is left behind that holds a port.
        """
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-m", "shimin", *self.arguments],
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and no thread runs here
        )

    def wait_ready(self) -> None:
        """Return when the process answers.

        Raises:
            ProcessNotReady: it ended, or gave no answer within ``READY_TIMEOUT_S``.
        """
        give_up = time.monotonic() + READY_TIMEOUT_S
        while self.ready_url and time.monotonic() < give_up:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with urlopen(self.ready_url, timeout=1):  # noqa: S310 - our own loopback address
                    return
            except (URLError, OSError):
                time.sleep(0.05)
        if self.ready_url:
            raise ProcessNotReady(process=self.name)

    def died(self) -> int | None:
        """Return the exit code if the process has ended."""
        return self.process.poll() if self.process else None

    def ask_to_stop(self) -> None:
        """Ask the process to end."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Wait until the process has ended; make it after ``STOP_TIMEOUT_S``."""
        if self.process:
            try:
                self.process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent dies (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)


class Fleet:
    """The processes of a development machine: department, channel, server and, where chosen, a worker."""

    def __init__(self, console: Console, settings: Settings, *, demo: bool) -> None:
        """Plan which processes are needed."""
        self.console = console
        base = f"http://{settings.host}:{settings.port}"
        self.demo = (
            [
                Child("department", ["demo-department"], f"{settings.demo_department_url}/health"),
                Child("channel", ["demo-channel"], f"{settings.channel_url}/health"),
            ]
            if demo
            else []
        )
        self.platform = [Child("server", ["serve"], f"{base}/health/ready")]
        if settings.worker == "separate":
            self.platform.append(Child("worker", ["worker"], None))

    @property
    def children(self) -> list[Child]:
        """Every process."""
        return [*self.demo, *self.platform]

    def start_demo(self) -> None:
        """Start the demonstration's own servers; they need nothing of the platform and start beside it."""
        for child in self.demo:
            child.start()

    def start(self) -> None:
        """Start the platform, and wait until everything answers."""
        for child in self.platform:
            child.start()
        for child in self.children:
            child.wait_ready()

    def watch(self) -> None:
        """Start a process that dies again, until it dies too often."""
        while True:
            time.sleep(0.2)
            for child in self.children:
                code = child.died()
                if code is None:
                    continue
                now = time.monotonic()
                child.crashes.append(now)
                while child.crashes and child.crashes[0] < now - CRASH_WINDOW_S:
                    child.crashes.popleft()
                if len(child.crashes) > CRASHES_MAX:
                    raise ProcessNotReady(process=child.name)
                self.console.print(f"[yellow]{child.name} ended with {code}; starting it again[/yellow]")
                child.start()

    def stop(self) -> None:
        """Stop all of them, side by side; each finishes the requests it has."""
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()


def _welcome(console: Console, settings: Settings, took_s: float) -> None:
    base = f"http://{settings.host}:{settings.port}"
    example = (
        f"curl -s {base}/graphql -H 'content-type: application/json' \\\n"
        """  -d '{"query":"{ guides(query: \\"社保\\", first: 3) { edges { node { title department } } } }"}'"""
    )
    console.print(
        Panel(
            f"GraphQL           {base}/graphql\n"
            f"Live events (SSE) {base}/graphql/stream\n"
            f"Live (websocket)  ws://{settings.host}:{settings.port}/graphql/ws\n"
            f"Printed codes     {base}/dev/inbox\n"
            f"Public keys       {base}/.well-known/jwks.json\n\n"
            f"Try it:\n{example}\n\n"
            "The whole story:   shimin demo      (or: .venv/bin/shimin demo)\n"
            "Check the ledger:  shimin ledger verify\n"
            "Stop: Ctrl-C. Data is kept in "
            f"{settings.data_dir}/; make clean removes it.",
            title=f"ready after {took_s:.1f} s",
            expand=False,
        )
    )
