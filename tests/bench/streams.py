"""What an idle subscription costs: resident memory of ``shimin serve`` for each one, over each live protocol."""

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from shimin import identity
from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.db import migrate
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin_graphql.engine.events import HEARTBEAT_S
from shimin_graphql.engine.seats import STREAMS_PER_CALLER_MAX

ROUNDS = 3
"""Each with a server of its own: what a server gave back once it uses again, and that would count as nothing."""
STREAMS = 1_000
WARM = 40
"""Opened before the first is counted, so that what is loaded once is not shared out."""
OPENING = 20
"""Opened at a time."""
START_TIMEOUT_S = 60.0
DOCUMENT = {"query": "subscription { messageArrived { id title body paymentId sentAt } }"}
Open = Callable[[contextlib.AsyncExitStack, int, str], Awaitable[None]]


def run() -> Iterable[dict[str, Any]]:
    """Yield KiB a stream for each protocol: the median of the rounds with the range, when opened and a beat later."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand sockets at either end
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in PROTOCOLS}
    for _ in range(ROUNDS):
        for name, opened in PROTOCOLS.items():
            samples[name].append(asyncio.run(measure(opened)))
    for name, pairs in samples.items():
        for when, values in zip(("opened", "after_a_beat"), zip(*pairs, strict=True), strict=True):
            yield {
                "measure": f"{name}_idle_{when}",
                "unit": "KiB a stream",
                "median": round(statistics.median(values), 1),
                "lowest": round(min(values), 1),
                "highest": round(max(values), 1),
                "rounds": ROUNDS,
                "streams": STREAMS,
            }


async def measure(opened: Open) -> tuple[float, float]:
    """Return KiB a stream in a new server, when all are open and after each has been looked at once."""
    with tempfile.TemporaryDirectory(prefix="shimin-bench-") as folder:
        port = free_port()
        settings = Settings(data_dir=Path(folder), port=port, worker="separate")
        await migrate(settings.database)
        async with open_platform(settings) as platform:
            tokens = [await token(platform, number) for number in range(-(-STREAMS // STREAMS_PER_CALLER_MAX))]
        async with serving(Path(folder), port) as process, contextlib.AsyncExitStack() as stack:
            async with contextlib.AsyncExitStack() as warm:
                await open_all(opened, warm, port, tokens, WARM)
            await asyncio.sleep(1)
            before = process.memory_info().rss
            await open_all(opened, stack, port, tokens, STREAMS)
            when_opened = process.memory_info().rss
            await asyncio.sleep(HEARTBEAT_S + 2)
            after_a_beat = process.memory_info().rss
            listening = [item for item in process.net_connections("tcp") if item.status == psutil.CONN_ESTABLISHED]
            if len(listening) != STREAMS:
                raise AssertionError(f"{len(listening)} streams are open, not {STREAMS}")
    return (when_opened - before) / STREAMS / 1024, (after_a_beat - before) / STREAMS / 1024


async def open_all(
    opened: Open, stack: contextlib.AsyncExitStack, port: int, tokens: Sequence[str], streams: int
) -> None:
    """Open streams, as many of each caller as one may have."""
    for first in range(0, streams, OPENING):
        numbers = range(first, min(first + OPENING, streams))
        await asyncio.gather(*(opened(stack, port, tokens[number % len(tokens)]) for number in numbers))


async def open_events(stack: contextlib.AsyncExitStack, port: int, token: str) -> None:
    """Subscribe over server-sent events; return when the first bytes of the stream are there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    body = json.dumps(DOCUMENT)
    head = (
        f"POST /graphql/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n"
        f"accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(f"{head}{body}".encode())
    found = await reader.readuntil(b":\n\n")
    if b" 200 " not in found.split(b"\r\n", 1)[0]:
        raise AssertionError(found.decode())


async def open_websocket(stack: contextlib.AsyncExitStack, port: int, token: str) -> None:
    """Subscribe over a websocket; return when the subscription has been taken."""
    protocol = Subprotocol("graphql-transport-ws")
    address = f"ws://127.0.0.1:{port}/graphql/ws"
    connection = await stack.enter_async_context(
        connect(address, subprotocols=[protocol], compression=None, proxy=None, ping_interval=None)
    )
    for said, expected in (
        ({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}, "connection_ack"),
        ({"type": "subscribe", "id": "1", "payload": DOCUMENT}, None),
        ({"type": "ping"}, "pong"),
    ):
        await connection.send(json.dumps(said))
        if expected is not None and (heard := json.loads(await connection.recv()))["type"] != expected:
            raise AssertionError(heard)


PROTOCOLS: Mapping[str, Open] = {"sse": open_events, "websocket": open_websocket}


async def token(platform: Platform, number: int) -> str:
    """Register a citizen, sign them in as their phone would, and return the access token."""
    phone, nonce, nobody = f"+86199{number:08}", f"device-of-citizen-{number:06}", Call(actor=ANONYMOUS)
    async with platform.db.unit() as unit:
        await identity.register(system_call(), phone, unit=unit, clock=platform.clock)
    await identity.request_code(
        nobody,
        identity.RequestCode(phone=phone, nonce=nonce),
        db=platform.db,
        notifier=platform.notifier,
        cache=platform.cache,
        tokens=platform.tokens,
        clock=platform.clock,
    )
    if platform.dev_inbox is None:
        raise AssertionError("codes are printed in development only")
    [code] = re.findall(r"\b[0-9]{6}\b", platform.dev_inbox.notices()[-1].body)
    proof = identity.SignIn(phone=phone, code=code, nonce=nonce, device_name="Phone", capacity="citizen")
    signed_in = await identity.sign_in(nobody, proof, db=platform.db, tokens=platform.tokens, clock=platform.clock)
    return signed_in.access_token


@contextlib.asynccontextmanager
async def serving(data_dir: Path, port: int) -> AsyncIterator[psutil.Process]:
    """Run ``shimin serve`` on a data folder, and stop it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SHIMIN_")}
    environment |= {"SHIMIN_DATA_DIR": str(data_dir), "SHIMIN_PORT": str(port), "SHIMIN_WORKER": "separate"}
    with (data_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            [sys.executable, "-m", "shimin", "serve"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not listens(port):
                if process.poll() is not None:
                    raise AssertionError((data_dir / "serve.log").read_text())
                await asyncio.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def listens(port: int) -> bool:
    """Tell whether the server takes connections and answers."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
        probe.sendall(b"GET /health/live HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")
        return probe.recv(64).startswith(b"HTTP/1.1 200")
    return False


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
