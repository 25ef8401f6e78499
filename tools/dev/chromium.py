"""A real browser for tests, told what to do over its own pipe; it can reach this machine and nothing else."""

import asyncio
import base64
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
ANSWER_TIMEOUT_S = 60
EVALUATE_EVERY_S = 0.1


class Page:
    """One page of the browser: what it asked for over the network, what it logged, and a hand on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak the DevTools protocol: JSON objects with a zero byte after each."""
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._session: str | None = None
        self.requests: list[str] = []
        """Addresses that the page or one of its workers asked for."""
        self.complaints: list[str] = []
        """What the page threw, logged as an error or was forbidden by its policy."""

    async def open(self, url: str, *, width: int = 1300, height: int = 800) -> Self:
        """Load an address, in a window of this size."""
        if self._session is None:
            target = await self._send("Target.createTarget", url="about:blank", newWindow=True)
            attached = await self._send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            self._session = attached["sessionId"]
            for domain in ("Network", "Runtime", "Log", "Page"):
                await self._send(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._send("Emulation.setDeviceMetricsOverride", **size)
        await self._send("Page.navigate", url=url)
        return self

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is waited for."""
        told = await self._send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Return the value of an expression as soon as it is true."""
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while True:
                with suppress(AssertionError):  # the page may not be ready for the question
                    value = await self.evaluate(expression)
                    if value:
                        return value
                await asyncio.sleep(EVALUATE_EVERY_S)

    async def evaluate_in_frame(self, expression: str) -> Any:
        """Return the value of an expression in the page's one sandboxed frame, which is a process of its own."""
        told = await self._send("Target.getTargets")
        frames = [one["targetId"] for one in told["targetInfos"] if one["type"] == "iframe"]
        assert len(frames) == 1, told
        whole = self._session
        attached = await self._send("Target.attachToTarget", targetId=frames[0], flatten=True)
        try:
            self._session = attached["sessionId"]
            return await self.evaluate(expression)
        finally:
            self._session = whole
            await self._send("Target.detachFromTarget", sessionId=attached["sessionId"])

    async def until_in_frame(self, expression: str) -> Any:
        """Return the value of an expression in the sandboxed frame as soon as it is true."""
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while True:
                with suppress(AssertionError):
                    value = await self.evaluate_in_frame(expression)
                    if value:
                        return value
                await asyncio.sleep(EVALUATE_EVERY_S)

    async def press(self, key: str, *, code: int, modifiers: int = 0) -> None:
        """Press a key; ``modifiers`` is 2 for Ctrl."""
        for kind in ("rawKeyDown", "keyUp"):
            await self._send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, modifiers=modifiers
            )

    async def write(self, text: str) -> None:
        """Write where the cursor is."""
        await self._send("Input.insertText", text=text)

    async def screenshot(self) -> bytes:
        """Return a picture of the page as a PNG file."""
        told = await self._send("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])

    async def _send(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await self._waiting[number]

    async def listen(self) -> None:
        """Take what the browser says, until it ends."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in told:
                    waiting = self._waiting.pop(told["id"])
                    if "error" in told:
                        waiting.set_exception(AssertionError(told["error"]))
                    else:
                        waiting.set_result(told["result"])
                else:
                    self._note(told["method"], told["params"])

    def _note(self, event: str, params: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """Start a browser with an empty profile in a folder; give one page, and end the browser."""
    assert BROWSER is not None
    to_read, to_write = os.pipe(), os.pipe()
    # the browser reads from descriptor 3 and writes to 4
    command = f'exec 3<&{to_read[0]} 4>&{to_write[1]}; exec "$0" "$@"'
    process = await asyncio.create_subprocess_exec(
        "/bin/bash", "-c", command, BROWSER, *FLAGS, ONLY_HERE, f"--user-data-dir={folder}", "about:blank",
        pass_fds=(to_read[0], to_write[1]), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    os.close(to_read[0])
    os.close(to_write[1])
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    incoming, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(to_write[0], "rb")
    )
    outgoing, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(to_read[1], "wb"))
    page = Page(reader, asyncio.StreamWriter(outgoing, protocol, None, loop))
    listening = asyncio.create_task(page.listen())
    try:
        yield page
    finally:
        outgoing.close()  # a browser whose pipe ends, ends
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        incoming.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
