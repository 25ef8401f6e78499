"""The sandbox on a developer's desk: one mini-app's folder, built as the platform would and run behind the same walls.

``shimin-sdk dev --sandbox`` finds it by the entry point ``shimin_sdk.sandbox``; no platform runs beside it.
"""

import asyncio
import hmac
import secrets
import tempfile
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from shimin.adapters.wasm.artifact import sign_build
from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.kit.refusal import Refusal
from shimin.ports.sandbox import HostRefusal, Limits, MiniAppBuildFailed, ReleaseRef
from shimin_sdk.dev.walls import Walled, WallsRefused
from shimin_sdk.errors import HostError
from shimin_sdk.host import Host
from shimin_sdk.pack import from_folder

Result = TypeVar("Result")


class _Doors:
    """The desk's host, as the sandbox asks it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def execute(self, document: str, variables: str) -> str:
        """Run a document."""
        return self._told(lambda: self._host.execute(document, variables))

    async def fetch(self, connector: str, request: str) -> str:
        """Ask a connector."""
        return self._told(lambda: self._host.fetch(connector, request))

    async def ask(self, service: str, request: str) -> str:
        """Ask a service."""
        return self._told(lambda: self._host.ask(service, request))

    async def log(self, level: str, message: str) -> None:
        """Keep a line."""
        self._host.log(level, message)

    def _told(self, work: Callable[[], str]) -> str:
        try:
            return work()
        except HostError as error:
            raise HostRefusal(error.code, error.message, error.detail) from None
        except LookupError as error:  # what the developer has not invented yet
            self._host.log("error", str(error))
            raise


class DeskWalls:
    """Builds and runs one folder; each method waits and may be called from any thread."""

    def __init__(self) -> None:
        """Start a thread for the runners."""
        self._key = secrets.token_bytes(32)
        self._folder = tempfile.TemporaryDirectory(prefix="shimin-dev-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._release: ReleaseRef | None = None
        self._limits = Limits()
        self._builds = 0
        self._sandbox = self._wait(self._open())

    def build(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Build the folder; calls go to the former build until this one is done.

        Args:
            folder: the mini-app's folder.
            tell: told each step as it begins.

        Raises:
            WallsRefused: it cannot be built; says the step and the last lines of the tool.
            PackageError: the platform would not read the folder.
        """
        package = from_folder(folder)
        server = package.manifest["shimin"]["server"]
        self._builds += 1
        work_dir = Path(self._folder.name) / f"build-{self._builds}"
        try:
            built = self._wait(build_component(folder, entry=server["entry"], work_dir=work_dir, on_progress=tell))
        except MiniAppBuildFailed as refused:
            raise WallsRefused(refused.code, f"{refused.step}: {refused.reason}") from None
        asked = server.get("limits", {})
        self._limits = Limits(**{name: asked[name] for name in ("wall_ms", "memory_mib") if name in asked})
        self._release = ReleaseRef(
            app_id=package.app_id,
            release_id=f"dev-{self._builds}",
            package_digest=package.digest,
            component_digest=built.component_digest,
            compiled_key=str(built.compiled),
            compiled_digest=built.compiled_digest,
            engine=built.engine,
            signature=sign_build(built, package.digest, self._sign),
        )

    def call(self, operation: str, envelope: str, host: Host) -> Walled:
        """Run one operation in an instance of its own.

        Raises:
            WallsRefused: nothing is built yet, or the sandbox ended the call.
        """
        if self._release is None:
            raise WallsRefused("NOT_BUILT", "the first build is not done")
        asked = self._sandbox.call(self._release, operation, envelope, host=_Doors(host), limits=self._limits)
        try:
            outcome = self._wait(asked)
        except Refusal as refused:
            raise WallsRefused(refused.code, "the sandbox ended the call") from None
        used = outcome.usage
        measured = (used.cpu_ms, used.wall_ms, used.memory_bytes)
        return Walled(outcome.ok, outcome.output, outcome.code, outcome.message, outcome.detail, *measured)

    def close(self) -> None:
        """End every runner and forget the builds."""
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    async def _end(self) -> None:
        """Close the sandbox and stop a build that still runs: its child is killed with it."""
        await self._sandbox.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _open(self) -> WasmSandbox:
        work_dir = Path(self._folder.name) / "sandbox"
        return WasmSandbox(work_dir=work_dir, load=self._load, verify=self._verify, runners_max=2, allow_unjailed=True)

    def _wait(self, work: Coroutine[Any, Any, Result] | Awaitable[Result]) -> Result:
        async def done() -> Result:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    def _sign(self, statement: bytes) -> bytes:
        return hmac.digest(self._key, statement, "sha256")

    def _verify(self, statement: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self._sign(statement), signature)

    async def _load(self, key: str) -> bytes:
        return await asyncio.to_thread(Path(key).read_bytes)
