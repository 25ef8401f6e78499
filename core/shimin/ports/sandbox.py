"""Mini-app code behind walls: built by the platform from source, run with no authority of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shimin.kit.refusal import Refusal

JSON_DEPTH_MAX = 64
"""Deepest nesting of JSON taken from a guest; checked before anything parses it."""
HOST_CALL_BYTES_MAX = 256 * 1024
"""Largest argument of one host call (UTF-8 bytes)."""
HOST_REPLY_BYTES_MAX = 1024 * 1024
"""Largest answer to one host call (UTF-8 bytes)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one guest call may use; reaching one is a typed refusal to its caller and harms nobody else."""

    wall_ms: int = 1000
    """From hand-over to answer, host calls included; then the runner is killed."""
    guest_ms: int = 250
    """Processor time of the guest itself, without waiting for host calls."""
    memory_mib: int = 48
    """Linear memory of one instance; fixed when the release's runner starts."""
    host_calls: int = 50
    """``execute``, ``fetch`` and ``ask`` together."""
    input_bytes_max: int = 256 * 1024
    output_bytes_max: int = 1024 * 1024
    log_bytes_max: int = 64 * 1024
    """What is written beyond is dropped and counted."""
    json_depth_max: int = JSON_DEPTH_MAX

    def __post_init__(self) -> None:
        """Refuse limits that are above the platform's maximum or that no call could meet."""
        for name, maximum in LIMITS_MAX.items():
            if not 1 <= getattr(self, name) <= maximum:
                message = f"{name} must be 1 to {maximum}"
                raise ValueError(message)


LIMITS_MAX = {
    "wall_ms": 10_000,
    "guest_ms": 2_000,
    "memory_mib": 128,
    "host_calls": 200,
    "input_bytes_max": 1024 * 1024,
    "output_bytes_max": 4 * 1024 * 1024,
    "log_bytes_max": 256 * 1024,
    "json_depth_max": 256,
}
"""The platform's maximum of each limit; a manifest may ask for less."""


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """Which built code runs: where it is kept, and what the platform signed when it built it."""

    app_id: str
    release_id: str
    package_digest: str
    """``sha256:<hex>`` of the canonical package that was approved."""
    component_digest: str
    compiled_key: str
    """Where the compiled code is kept in the file store."""
    compiled_digest: str
    engine: str
    """What compiled it (version, processor, settings); compiled code runs under exactly that."""
    signature: str
    """The build key's signature over ``artifact_statement``, in hex."""


def artifact_statement(*, package_digest: str, component_digest: str, compiled_digest: str, engine: str) -> bytes:
    """Return the bytes that the build key signs: they tie compiled code to the package that was approved."""
    statement = {
        "compiled": compiled_digest,
        "component": component_digest,
        "engine": engine,
        "package": package_digest,
        "statement": "shimin/artifact/1",
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass(frozen=True, slots=True)
class BuiltComponent:
    """What a build made; the caller stores the bytes, signs ``artifact_statement`` and registers both."""

    component: Path
    """The WebAssembly component, portable between machines."""
    compiled: Path
    """Native code for one engine and processor; trusted, therefore signed."""
    source_digest: str
    """Over every file that went in, the contract and the tools' versions: ``sha256:<hex>``."""
    component_digest: str
    compiled_digest: str
    engine: str
    functions: int
    """Number of functions in the component, a measure of its size."""
    imports: tuple[str, ...]
    """Names the component asks of its host; a subset of the allow-list."""
    duration_ms: int


class ComponentBuilder(Protocol):
    """Turn a package's server code into a component, in a process that can be killed.

    Contract: the code of the package runs only inside WebAssembly, without network and outside the platform's
    process; the result imports nothing but the sandbox contract and what its interpreter needs.
    """

    async def __call__(
        self,
        source_dir: Path,
        *,
        entry: str,
        work_dir: Path,
        timeout_s: float = 180,
        on_progress: Callable[[str], None] | None = None,
    ) -> BuiltComponent:
        """Build the package in ``source_dir`` whose application object is defined in ``entry`` (``server/app.py``).

        Raises:
            MiniAppBuildFailed: the source does not import, is too big, asks for more than it may, or took too long.
        """
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    """What one guest call used."""

    wall_ms: float
    cpu_ms: float
    memory_bytes: int
    """Growth of the runner's resident memory during the call."""
    host_calls: int
    log_bytes: int
    queued_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a guest answered: JSON text, or its own typed no. Hostile input either way."""

    ok: bool
    output: str
    """JSON text within the limits of size and depth, not yet parsed; empty when not ok."""
    code: str
    message: str
    detail: str | None
    usage: Usage


class HostRefusal(Exception):  # noqa: N818 - an answer to the guest, not an error
    """What a host call answers a guest that may not have what it asked for."""

    def __init__(self, code: str, message: str, detail: str | None = None) -> None:
        """Keep the stable code, the words for people, and JSON with particulars."""
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.detail = detail


class HostCalls(Protocol):
    """The core's side of one guest call; every method treats its arguments as hostile input."""

    async def execute(self, document: str, variables: str) -> str:
        """Run a document of the release (its path in the package) and return its data as JSON text.

        Raises:
            HostRefusal: told to the guest; any other exception reaches it as ``INTERNAL`` without words.
        """
        ...

    async def fetch(self, connector: str, request: str) -> str:
        """Ask a declared connector and return its answer as JSON text; raises like ``execute``."""
        ...

    async def ask(self, service: str, request: str) -> str:
        """Ask a service of the platform by name and return its answer as JSON text; raises like ``execute``."""
        ...

    async def log(self, level: str, message: str) -> None:
        """Keep a line that the guest wrote for its department (``level`` is the guest's word)."""
        ...


class Sandbox(Protocol):
    """Run one operation of a release in an instance that no other request has used or will use.

    Contract: nothing that a guest does reaches outside but its host calls; whatever it does ends within
    ``wall_ms`` (and 50 ms); the next call of the same release finds a clean instance.
    """

    async def call(
        self, release: ReleaseRef, operation: str, input_json: str, *, host: HostCalls, limits: Limits
    ) -> Outcome:
        """Hand the operation and its JSON input to the guest, serve its host calls, return its answer.

        Raises:
            MiniAppTimeout, MiniAppCrashed, MiniAppMemory, MiniAppInputTooBig, MiniAppOutputTooBig,
            MiniAppOutputTooDeep, MiniAppBusy, HostCallsExceeded, ArtifactAltered, ArtifactOutdated,
            SandboxUnavailable.
        """
        ...

    async def close(self) -> None:
        """End every runner."""
        ...


class SandboxRefusal(Refusal):
    """A guest call that the sandbox ended or would not begin; the words and code differ by subclass."""

    code = "SANDBOX_REFUSED"
    http_status = 502
    app_id: str


class MiniAppTimeout(SandboxRefusal):
    """The guest did not answer in time, or used up its processor time."""

    code = "MINIAPP_TIMEOUT"
    http_status = 504
    limit_ms: int


class MiniAppCrashed(SandboxRefusal):
    """The guest's instance or its runner ended without an answer."""

    code = "MINIAPP_CRASHED"


class MiniAppMemory(SandboxRefusal):
    """The guest asked for more memory than it may have."""

    code = "MINIAPP_MEMORY"
    memory_mib: int


class MiniAppInputTooBig(SandboxRefusal):
    """The input is larger than the mini-app takes."""

    code = "MINIAPP_INPUT_TOO_BIG"
    http_status = 413
    size_bytes_max: int


class MiniAppOutputTooBig(SandboxRefusal):
    """The guest's answer is larger than it may be."""

    code = "MINIAPP_OUTPUT_TOO_BIG"
    size_bytes_max: int


class MiniAppOutputTooDeep(SandboxRefusal):
    """The guest's answer is nested more deeply than it may be, or its brackets do not match."""

    code = "MINIAPP_OUTPUT_TOO_DEEP"
    depth_max: int


class MiniAppBusy(SandboxRefusal):
    """Too many calls wait for this mini-app; others are not affected."""

    code = "MINIAPP_BUSY"
    http_status = 503
    retryable = True


class HostCallsExceeded(SandboxRefusal):
    """The guest asked the core more often than it may within one call."""

    code = "HOST_CALLS_EXCEEDED"
    host_calls_max: int


class ArtifactAltered(SandboxRefusal):
    """The compiled code is not what the platform built and signed."""

    code = "ARTIFACT_ALTERED"


class ArtifactOutdated(SandboxRefusal):
    """The compiled code was made for another engine version or processor and must be built again."""

    code = "ARTIFACT_OUTDATED"
    engine: str
    engine_expected: str


class SandboxUnavailable(Refusal):
    """This machine cannot jail a runner; production refuses, development may go without by an explicit setting."""

    code = "SANDBOX_UNAVAILABLE"
    http_status = 503
    reason: str
    remedy: str


class MiniAppBuildFailed(Refusal):
    """The package's server code could not be made into a component."""

    code = "MINIAPP_BUILD_FAILED"
    step: str
    """``stage``, ``componentize``, ``inspect`` or ``compile``."""
    reason: str
