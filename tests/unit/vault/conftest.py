"""The demonstration department as a real server, a source that asks it, and two citizens whose names are confirmed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from pathlib import Path

import httpx
import pytest
import uvicorn

from shimin import identity
from shimin.adapters.http_source import HttpSource
from shimin.db import Database
from shimin.demo.department import department_app
from shimin.demo.residents import Resident, load_residents
from shimin.kit.call import Actor, Call, system_call
from shimin.kit.clock import FixedClock, SystemClock
from shimin.ports.registration import SourceAddress
from shimin.ports.source import SourceAnswer, SourceQuestion
from shimin.vault import read_registrations

SECRET = b"s" * 32


class WatchedSource:
    """The real source, with a note of every question and a place to do something while it is being asked."""

    def __init__(self, source: HttpSource) -> None:
        self._source = source
        self.asked: list[SourceQuestion] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def ask(self, question: SourceQuestion) -> SourceAnswer:
        self.asked.append(question)
        answer = await self._source.ask(question)
        if self.meanwhile:
            await self.meanwhile()
        return answer

    async def close(self) -> None:
        await self._source.close()


@pytest.fixture
async def department(tmp_path: Path) -> AsyncIterator[str]:
    """Serve the department on a free port; give its address."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # asyncio sets TCP_NODELAY by protocol
        listener.bind(("127.0.0.1", 0))
        app = department_app(tmp_path / "department.db", SECRET)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - the server offers no event to wait for
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.fixture
async def source(department: str) -> AsyncIterator[WatchedSource]:
    """Give a source that asks the department as it is registered."""
    specs = read_registrations((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"))
    watched = WatchedSource(
        HttpSource(specs, dict.fromkeys(specs, SourceAddress(department, SECRET)), clock=SystemClock())
    )
    yield watched
    await watched.close()


@pytest.fixture
def set_fault(department: str) -> Callable[[str], Awaitable[None]]:
    """Let a test make the department misbehave."""

    async def tell(fault: str) -> None:
        async with httpx.AsyncClient(base_url=department) as client:
            headers = {"authorization": f"Bearer {SECRET.decode()}"}
            assert (await client.post("/admin/fault", json={"fault": fault}, headers=headers)).status_code == 200

    return tell


@pytest.fixture
async def lin(db: Database, source: WatchedSource, frozen_clock: FixedClock) -> Call:
    """林小满, signed in, her name confirmed."""
    return await _confirmed(load_residents()[0], db, source, frozen_clock)


@pytest.fixture
async def wu(db: Database, source: WatchedSource, frozen_clock: FixedClock) -> Call:
    """吴雅婷, signed in, her name confirmed."""
    return await _confirmed(load_residents()[2], db, source, frozen_clock)


async def _confirmed(person: Resident, db: Database, source: WatchedSource, clock: FixedClock) -> Call:
    async with db.unit() as unit:
        citizen_id = await identity.register(system_call(), person.phone, unit=unit, clock=clock)
    call = Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2), locale="en")
    await identity.confirm_real_name(call, person.name_zh_hans, person.id_number, db=db, source=source, clock=clock)
    source.asked.clear()
    return call
