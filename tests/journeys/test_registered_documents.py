"""A document that is registered while servers run is theirs to answer, and one that is retired is not."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shimin import documents
from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.documents import RegisterDocument
from shimin.kit.call import system_call
from shimin.kit.digest import sha256_id
from shimin.worker import relaying
from shimin_graphql.asgi import create_app

ORDER = RegisterDocument("query Apps($n: Int) { miniApps { id } guides(first: $n) { edges { cursor } } }")
ID = sha256_id(ORDER.text)
PATIENCE_S = 30.0


@pytest.fixture
async def platform(database_url: str, tmp_path: Path) -> AsyncIterator[Platform]:
    settings = Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url), worker="separate")
    async with open_platform(settings) as platform, relaying(platform):
        yield platform


async def test_a_document_is_called_while_it_is_registered_and_only_then(platform: Platform) -> None:
    app = create_app(platform.settings.model_copy(update={"mode": "production"}), platform)
    db, edge, clock = platform.db, platform.edge, platform.clock
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.started())
        transport = httpx.ASGITransport(app)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://shimin.test"))

        async def becomes(status: int) -> httpx.Response:
            give_up_at = time.monotonic() + PATIENCE_S
            while True:
                response = await http.post("/graphql", json={"documentId": ID, "variables": {"n": 1}})
                if response.status_code == status or time.monotonic() > give_up_at:
                    assert response.status_code == status, response.text
                    return response
                await asyncio.sleep(0.02)

        await becomes(404)
        async with db.unit() as unit:
            assert await documents.register(system_call(), ORDER, unit=unit, edge=edge, clock=clock)
        assert (await becomes(200)).json() == {"data": {"miniApps": [], "guides": {"edges": []}}}
        async with db.unit() as unit:
            assert await documents.retire(system_call(), ID, unit=unit, edge=edge, clock=clock)
        refused = await becomes(404)
        assert refused.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"
