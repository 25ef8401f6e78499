"""Developers try documents at /dev/graphiql in a real browser, on a machine that reaches no other.

Without a browser on this machine the last test is skipped and says so; page, files and policy are proven by HTTP.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

import chromium
import graphiql as installer
from shimin.assembly import open_platform
from shimin.config import Settings
from shimin_graphql.asgi import Application, create_app
from shimin_graphql.routes import graphiql

WITHOUT_FILES = "GraphiQL's files are not in this environment; `make graphiql` says why"
SHOWN = "document.querySelector('.result-window')?.innerText.replace(/\\u00a0/g, ' ')"
READY = (
    "!!document.querySelector('.graphiql-execute-button') && !!document.querySelector('.graphiql-query-editor .mtk1')"
)
RUN = "document.querySelector('.graphiql-execute-button').click()"


@pytest.fixture
def engine() -> str:
    """Run once: no page asks which database there is."""
    return "sqlite"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[Application]:
    url = SecretStr(database_url)
    settings = Settings(data_dir=tmp_path / "data", database_url=url, worker="separate", port=free_port())
    async with open_platform(settings) as platform:
        app = create_app(settings, platform)
        async with app.started():
            yield app


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shimin.test") as client:
        yield client


@asynccontextmanager
async def serving(app: Application) -> AsyncIterator[str]:
    """Serve an application that is started already; give its address."""
    port = app.state.platform.settings.port
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def test_the_page_names_no_other_host_and_its_policy_allows_none(http: httpx.AsyncClient) -> None:
    if not installer.present():
        pytest.skip(WITHOUT_FILES)
    page = await http.get("/dev/graphiql")
    asked = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert all(address.startswith(("/dev/", "data:")) for address in asked)
    assert "http" not in page.headers["content-security-policy"]
    for address in asked:
        if address.startswith("/dev/graphiql/"):
            answer = await http.get(address)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))


async def test_every_operation_of_the_client_is_an_example_to_start_from(http: httpx.AsyncClient) -> None:
    examples = {one["name"]: one for one in (await http.get("/dev/graphiql/operations.json")).json()}
    assert examples["RequestCode"]["variables"] == {"input": {"phone": "", "nonce": ""}}
    assert examples["MessageArrived"]["kind"] == "subscription"


async def test_the_page_may_ask_by_either_name_of_this_machine(http: httpx.AsyncClient, app: Application) -> None:
    port = app.state.platform.settings.port
    answers = {}
    for host in ("127.0.0.1", "localhost", "attacker.test"):
        body, headers = {"query": "{ __typename }"}, {"origin": f"http://{host}:{port}"}
        answers[host] = (await http.post("/graphql", json=body, headers=headers)).status_code
    assert answers == {"127.0.0.1": 200, "localhost": 200, "attacker.test": 403}


async def test_where_its_files_are_missing_the_page_says_what_to_do(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(graphiql, "FOLDER", tmp_path)
    page = await http.get("/dev/graphiql")
    assert (page.status_code, "make graphiql" in page.text) == (404, True)
    for name in ("graphiql.js", "integrity", "..%2fintegrity"):
        assert (await http.get(f"/dev/graphiql/{name}")).status_code == 404


def test_an_archive_that_is_not_the_pinned_one_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(installer.NotFetched, match="not the pinned one"):
        installer.unpack(b"another", tmp_path / "graphiql.tgz", tmp_path / "graphiql")
    assert list(tmp_path.glob("graphiql*")) == []


@pytest.mark.skipif(chromium.BROWSER is None, reason="no browser here: the page is proven by HTTP alone")
async def test_a_browser_runs_an_operation_and_asks_this_server_only(app: Application, tmp_path: Path) -> None:
    if not installer.present():
        pytest.skip(WITHOUT_FILES)
    async with serving(app) as address, chromium.browsing(tmp_path / "browser") as page:
        await page.open(f"{address}/dev/graphiql?operation=Viewer")
        await page.until(READY)
        await page.evaluate(RUN)
        assert "NOT_SIGNED_IN" in await page.until(f"/errors/.test({SHOWN}) && {SHOWN}")
        # the schema was told, so the editor has nothing to underline
        assert await page.evaluate("document.querySelectorAll('.squiggly-error').length") == 0

        await page.open(f"{address}/dev/graphiql?operation=MessageArrived")
        await page.until(READY)
        await page.evaluate(RUN)
        assert "NOT_SIGNED_IN" in await page.until(f"/errors/.test({SHOWN}) && {SHOWN}")
        asked = {urlsplit(url)._replace(query="", fragment="").geturl() for url in page.requests}
        assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
        assert {f"{address}/graphql", f"{address}/graphql/stream"} <= asked
        assert page.complaints == []
