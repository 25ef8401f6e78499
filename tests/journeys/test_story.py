"""The main job, end to end: real processes, real servers, the real sandbox; nothing is replaced."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

START_S = 240
"""A first start builds the mini-app; two loaded cores need a while."""
DEMO_S = 150


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class City:
    """A data folder with its own ports, and the processes started on it."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        department, channel = free_port(), free_port()
        own = {key: value for key, value in os.environ.items() if not key.startswith("SHIMIN_")}
        self.environment = own | {
            "SHIMIN_DATA_DIR": str(data),
            "SHIMIN_PORT": str(self.port),
            "SHIMIN_DEMO_DEPARTMENT_URL": f"http://127.0.0.1:{department}",
            "SHIMIN_CHANNEL_URL": f"http://127.0.0.1:{channel}",
            "COLUMNS": "200",
            **settings,
        }
        self.running: list[subprocess.Popen[bytes]] = []
        self.log = data.parent / f"{data.name}.log"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "shimin", *arguments],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def wait_ready(self, process: subprocess.Popen[bytes], within_s: float = START_S) -> None:
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            ready = f"http://127.0.0.1:{self.port}/health/ready"
            with contextlib.suppress(OSError), urllib.request.urlopen(ready, timeout=2):
                return
            assert process.poll() is None, self.log.read_text("utf-8")[-4000:]
            time.sleep(0.1)
        pytest.fail(f"not ready within {within_s} s:\n{self.log.read_text('utf-8')[-4000:]}")

    def shimin(self, *arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "shimin", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def expect(self, *arguments: str, timeout_s: float = 60) -> str:
        done = self.shimin(*arguments, timeout_s=timeout_s)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{self.log.read_text('utf-8')[-3000:]}"
        return done.stdout

    def stop(self) -> None:
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            if process.poll() is None:
                process.kill()
        self.running.clear()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the city in it, as a first ``shimin run`` leaves it behind; its first story is played here."""
    city = City(tmp_path_factory.mktemp("city") / "data")
    try:
        city.wait_ready(city.start("run"))
        story = city.expect("demo", timeout_s=DEMO_S)
        assert "The story holds" in story
        assert "query SearchGuides" in story, "each step shows its document"
    finally:
        city.stop()
    return city.data


@contextlib.contextmanager
def copy_of(prepared: Path, folder: Path, **settings: str) -> Iterator[City]:
    shutil.copytree(prepared, folder / "data")
    (folder / "data" / "prepared").unlink()
    city = City(folder / "data", **settings)
    try:
        yield city
    finally:
        city.stop()


def test_the_city_survives_a_restart_and_the_books_balance(prepared: Path, tmp_path: Path) -> None:
    """What the first story wrote is there after a restart; the second story holds; every account adds up."""
    with copy_of(prepared, tmp_path) as city:
        city.wait_ready(city.start("run"))
        assert "welcome back" in city.expect("demo", "--lang", "en", "--no-documents", timeout_s=DEMO_S)
        ledger = city.expect("ledger", "verify")
        assert "2 POSTED" in ledger
        assert "balanced" in ledger
        assert "every link holds" in city.expect("audit", "verify")
        listed = city.expect("release", "list", "--json")
        assert '"LIVE"' in listed


def test_a_server_killed_before_the_webhook_loses_and_doubles_nothing(prepared: Path, tmp_path: Path) -> None:
    """Kill -9 between "confirm payment" and the webhook: the story goes on after the restart, paid once."""
    with copy_of(prepared, tmp_path) as city:
        city.start("demo-department")
        city.start("demo-channel", "--delay-s", "6")
        server = city.start("serve")
        city.wait_ready(server, 60)
        story = subprocess.Popen(
            [sys.executable, "-u", "-m", "shimin", "demo", "--no-documents"],
            env=city.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert story.stdout is not None
        told = []
        for line in story.stdout:
            told.append(line)
            if "confirming again changes nothing" in line:
                break
        server.kill()
        server.wait()
        time.sleep(1.5)
        city.wait_ready(city.start("serve"), 60)
        rest, _ = story.communicate(timeout=DEMO_S)
        assert story.returncode == 0, "".join(told) + rest + city.log.read_text("utf-8")[-3000:]
        assert "the server was restarted" in rest
        assert "it is in the inbox, once" in rest
        ledger = city.expect("ledger", "verify")
        assert "2 POSTED" in ledger
        assert "balanced" in ledger


def test_the_story_holds_on_postgresql_and_redis_with_a_worker_apart(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The same code on production's servers: the server relays nothing, one separate worker does."""
    import asyncio  # noqa: PLC0415

    import asyncpg  # noqa: PLC0415

    async def create() -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("DROP DATABASE IF EXISTS story WITH (FORCE)")
        await connection.execute("CREATE DATABASE story")
        await connection.close()

    asyncio.run(create())
    url = postgres_url.rsplit("/", 1)[0] + "/story"
    city = City(
        tmp_path / "data",
        SHIMIN_DATABASE_URL=url,
        SHIMIN_REDIS_URL=redis_url,
        SHIMIN_WORKER="separate",
    )
    try:
        city.wait_ready(city.start("run"))
        assert "The story holds" in city.expect("demo", "--no-documents", timeout_s=DEMO_S)
        assert "balanced" in city.expect("ledger", "verify")
        assert "every link holds" in city.expect("audit", "verify")
    finally:
        city.stop()


def test_a_missing_server_ends_the_story_with_its_reason(tmp_path: Path) -> None:
    city = City(tmp_path / "data")
    started = time.monotonic()
    done = city.shimin("demo", "--no-documents", "--wait-s", "1", timeout_s=30)
    assert done.returncode != 0
    assert "STORY_BROKEN" in done.stderr
    assert str(city.port) in done.stderr
    assert time.monotonic() - started < 20
