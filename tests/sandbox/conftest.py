"""Real builds and real runners: a guest is built once per session and kept under its source digest."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox, sign_build
from shimin.adapters.wasm.staging import stage
from shimin.ports.sandbox import BuiltComponent, HostCalls, HostRefusal, Limits, Outcome, ReleaseRef

Ask = Callable[..., Awaitable[Outcome]]
CACHE_VARIABLE = "SHIMIN_TEST_CACHE"
"""A folder that keeps built guests between sessions; without it each session builds anew."""
GUESTS = Path(__file__).parent / "guests"
MINI_APPS = Path(__file__).parents[2] / "miniapps"
PACKAGE_DIGEST = f"sha256:{'a' * 64}"
_KEY = Ed25519PrivateKey.generate()


class Core:
    """Stands in for the core: answers documents by path and keeps what it was asked."""

    def __init__(self) -> None:
        """Know an invented person and a payment."""
        self.asked: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.delay_s = 0.0
        self.was_asked = asyncio.Event()

    async def execute(self, document: str, variables: str) -> str:
        """Answer, refuse, or break, by the document's name."""
        self.asked.append((document, variables))
        self.was_asked.set()
        await asyncio.sleep(self.delay_s)
        if document == "operations/forbidden.graphql":
            raise HostRefusal("CONSENT_REQUIRED", "请先同意", '{"fields": ["name"]}')
        if document == "operations/broken.graphql":
            raise RuntimeError("the core's own secret")
        return json.dumps({"name": "李小龙（虚构）", "id": "pay_1"}, ensure_ascii=False)

    async def fetch(self, connector: str, request: str) -> str:
        """Answer with what was asked."""
        self.asked.append((connector, request))
        return request

    async def ask(self, service: str, request: str) -> str:
        """Answer with what was asked."""
        self.asked.append((service, request))
        return request

    async def log(self, level: str, message: str) -> None:
        """Keep the line."""
        self.lines.append((level, message))


def verify(data: bytes, signature: bytes) -> bool:
    """Tell whether the test's build key signed this."""
    try:
        _KEY.public_key().verify(signature, data)
    except InvalidSignature:
        return False
    return True


async def load(key: str) -> bytes:
    """Read compiled code; its key is a path here."""
    return await asyncio.to_thread(Path(key).read_bytes)


def release_of(built: BuiltComponent, release_id: str = "rel_probe") -> ReleaseRef:
    """Return a signed release of a build."""
    return ReleaseRef(
        app_id="linhai.test.probe",
        release_id=release_id,
        package_digest=PACKAGE_DIGEST,
        component_digest=built.component_digest,
        compiled_key=str(built.compiled),
        compiled_digest=built.compiled_digest,
        engine=built.engine,
        signature=sign_build(built, PACKAGE_DIGEST, _KEY.sign),
    )


def build_once(source: Path, kept: Path) -> BuiltComponent:
    """Build a guest, or take what was built from exactly the same sources by the same tools."""
    with tempfile.TemporaryDirectory() as folder:
        digest = stage(source, "server/app.py", Path(folder) / "stage")
    work_dir = kept / digest.removeprefix("sha256:")
    facts = work_dir / "built.json"
    if not facts.exists():
        built = asyncio.run(build_component(source, entry="server/app.py", work_dir=work_dir))
        facts.write_text(json.dumps(asdict(built), default=str), "utf-8")
    known: dict[str, Any] = json.loads(facts.read_text("utf-8"))
    known |= {"component": Path(known["component"]), "compiled": Path(known["compiled"])}
    return BuiltComponent(**known | {"imports": tuple(known["imports"])})


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the folder that keeps builds."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else tmp_path_factory.mktemp("built")


@pytest.fixture(scope="session")
def build(kept: Path) -> Callable[[Path], BuiltComponent]:
    """Give the function that builds a mini-app's folder."""
    return lambda source: build_once(source, kept)


@pytest.fixture(scope="session")
def built(kept: Path) -> BuiltComponent:
    """Give the guest that misbehaves on request, built for real."""
    return build_once(GUESTS / "probe", kept)


@pytest.fixture(scope="session")
def built_mini_app(kept: Path) -> BuiltComponent:
    """Give the social security mini-app, built for real."""
    return build_once(MINI_APPS / "social-security", kept)


@pytest.fixture(scope="session")
def release(built: BuiltComponent) -> ReleaseRef:
    """Give the guest's signed release."""
    return release_of(built)


@pytest.fixture
def sign() -> Callable[[BuiltComponent, str], ReleaseRef]:
    """Give the function that signs a build as a release."""
    return release_of


@pytest.fixture(scope="session")
def compiled_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the folder that a sandbox loads compiled code from."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture
def make_sandbox(compiled_dir: Path) -> Callable[..., WasmSandbox]:
    """Give the function that opens a sandbox trusting the test's build key."""
    defaults: dict[str, Any] = {"work_dir": compiled_dir, "load": load, "verify": verify}
    return lambda **options: WasmSandbox(**defaults | options)


@pytest.fixture(scope="module")
async def sandbox(compiled_dir: Path) -> AsyncIterator[WasmSandbox]:
    """Give one sandbox for a whole module: what one test's guest does must not reach the next."""
    async with WasmSandbox(work_dir=compiled_dir, load=load, verify=verify) as opened:
        yield opened


@pytest.fixture
def core() -> Core:
    """Give a core that answers."""
    return Core()


@pytest.fixture
def ask(sandbox: WasmSandbox, release: ReleaseRef, core: Core) -> Ask:
    """Give the function that runs one operation of the guest."""

    async def run(operation: str, data: Any = None, *, host: HostCalls = core, limits: Limits | None = None) -> Outcome:
        sent = json.dumps({} if data is None else data, ensure_ascii=False)
        return await sandbox.call(release, operation, sent, host=host, limits=limits or Limits())

    return run
