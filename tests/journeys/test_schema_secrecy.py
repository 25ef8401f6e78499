"""In production the schema is told by its publication alone; in development the engine helps whoever writes documents.

The same application, opened once as each; in production a text reaches the engine only as a mini-app's document or by
way of those who may run texts of their own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_client_schema, get_introspection_query
from pydantic import SecretStr

from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.kit.call import ANONYMOUS, Call
from shimin_graphql.asgi import create_app
from shimin_graphql.context import Context
from shimin_graphql.engine.errors import DocumentInvalid

MISSPELT = "{ viewr { id } }"
INTROSPECTION = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
TYPE = '{ __type(name: "Viewer") { fields { name } } }'
WITH_ENUM = "mutation S($input: SignInInput!) { signIn(input: $input) { __typename } }"
WRONG_ENUM = {"input": {"phone": "1", "code": "1", "nonce": "n", "deviceName": "d", "capacity": "CITIZN"}}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Platform, httpx.AsyncClient]]:
    async with open_platform(settings) as platform:
        app = create_app(settings, platform)
        async with app.started():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://shimin.test") as http:
                yield platform, http


@pytest.fixture
async def production(database_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    settings = Settings(
        mode="production",
        public_url="https://shimin.test",
        notify_url="https://gateway.test",
        notify_secret=SecretStr("n" * 32),
        database_url=SecretStr(database_url),
        data_dir=tmp_path,
        worker="separate",
    )
    async with opened(settings) as both:
        yield both


@pytest.fixture
async def development(database_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    settings = Settings(database_url=SecretStr(database_url), data_dir=tmp_path, worker="separate")
    async with opened(settings) as both:
        yield both


async def coerced(platform: Platform) -> str:
    """Return what the engine says of an enum value that is nearly right."""
    context = Context(call=Call(actor=ANONYMOUS, locale="en"), platform=platform)
    document = platform.edge.documents.compile(WITH_ENUM)
    answer: dict[str, Any] = await platform.edge.engine.run(document, WRONG_ENUM, context)
    return str(answer["errors"][0]["message"])


@pytest.mark.parametrize("engine", ["postgres"])
async def test_production_suggests_no_name_and_tells_no_schema(production: tuple[Platform, httpx.AsyncClient]) -> None:
    platform, http = production
    for text in (MISSPELT, INTROSPECTION, TYPE):
        with pytest.raises(DocumentInvalid) as refused:
            platform.edge.read_document(text)
        assert "Did you mean" not in str(refused.value.params["reason"])
        response = await http.post("/graphql", json={"query": text})
        assert response.status_code == 403
        assert "viewer" not in response.text
    assert "Did you mean" not in await coerced(platform)


async def test_development_suggests_names_and_tells_the_schema(development: tuple[Platform, httpx.AsyncClient]) -> None:
    platform, http = development
    misspelt = (await http.post("/graphql", json={"query": MISSPELT})).json()
    assert "Did you mean 'viewer'" in misspelt["errors"][0]["message"]
    told = (await http.post("/graphql", json={"query": INTROSPECTION})).json()
    rebuilt = build_client_schema(told["data"])
    assert rebuilt.type_map.keys() == platform.edge.documents.schema.type_map.keys()
    assert "CITIZEN" in await coerced(platform)
