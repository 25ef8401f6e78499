"""A department of the demonstration city as a real server on this machine, and a source that asks it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import httpx
import pytest
import uvicorn

from shimin.adapters.http_source import HttpSource
from shimin.demo.department import department_app
from shimin.kit.clock import SystemClock
from shimin.ports.registration import SourceAddress, SourceSpec
from shimin.vault import read_registrations

SECRET = b"s" * 32


@dataclass(frozen=True)
class Department:
    """Where the department listens, and how a test makes it misbehave."""

    url: str
    state_path: Path

    async def fault(self, fault: str) -> None:
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.post(
                "/admin/fault", json={"fault": fault}, headers={"authorization": f"Bearer {SECRET.decode()}"}
            )
            assert answer.status_code == 200, answer.text


@pytest.fixture
async def department(tmp_path: Path) -> AsyncIterator[Department]:
    """Serve the department on a free port."""
    path = tmp_path / "department.db"
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # asyncio sets TCP_NODELAY by protocol
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(department_app(path, SECRET), log_level="error", timeout_graceful_shutdown=1)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - the server offers no event to wait for
            await asyncio.sleep(0.01)
        yield Department(f"http://127.0.0.1:{listener.getsockname()[1]}", path)
        server.should_exit = True
        await serving


@pytest.fixture
def registrations() -> Mapping[str, SourceSpec]:
    """The demonstration city's registrations, with short time limits so that slowness is soon seen."""
    specs = read_registrations((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"))
    return {
        name: replace(
            spec, operations={key: replace(operation, timeout_s=0.6) for key, operation in spec.operations.items()}
        )
        for name, spec in specs.items()
    }


MakeSource = Callable[..., HttpSource]


@pytest.fixture
async def make_source(registrations: Mapping[str, SourceSpec]) -> AsyncIterator[MakeSource]:
    """Make sources that are closed at the end."""
    made: list[HttpSource] = []

    def make(url: str, *, secret: bytes = SECRET, specs: Mapping[str, SourceSpec] | None = None) -> HttpSource:
        chosen = specs or registrations
        source = HttpSource(chosen, dict.fromkeys(chosen, SourceAddress(url, secret)), clock=SystemClock())
        made.append(source)
        return source

    yield make
    for source in made:
        await source.close()
