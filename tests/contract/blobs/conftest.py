"""The stores the contract runs on: a folder, moto's server for shape, and a real S3 where one is named."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shimin.adapters.folder_blobs import FolderBlobs
from shimin.adapters.s3_blobs import S3Blobs
from shimin.kit.clock import FixedClock
from shimin.kit.ids import new_id
from shimin.kit.refusal import Refusal
from shimin_graphql.routes.blobs import download, upload

S3_VARIABLE = "SHIMIN_TEST_S3_URL"
"""A real S3: ``http://<access key>:<secret key>@127.0.0.1:18092``."""
STORES = ("folder", "moto", *(("s3",) if os.environ.get(S3_VARIABLE) else ()))


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Serve moto's S3 on a free port."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """Run the test once on each store."""
    return str(request.param)


@pytest.fixture
async def blobs(
    store: str, tmp_path: Path, request: pytest.FixtureRequest, frozen_clock: FixedClock
) -> AsyncIterator[Any]:
    """Give an empty store."""
    if store == "folder":
        yield FolderBlobs(tmp_path / "blobs", base_url="http://blobs.test", secret=b"k" * 32, clock=frozen_clock)
        return
    url, access_key, secret_key = request.getfixturevalue("moto_url") if store == "moto" else "", "testing", "testing"
    if store == "s3":
        place = urlsplit(os.environ[S3_VARIABLE])
        url = f"{place.scheme}://{place.hostname}:{place.port}"
        access_key, secret_key = place.username or "", place.password or ""
    bucket = new_id("tst").replace("_", "-")
    s3 = S3Blobs(url=url, bucket=bucket, region="us-east-1", access_key=access_key, secret_key=secret_key)
    await s3.ensure_bucket()
    yield s3
    async for key in s3.keys(""):
        await s3.delete(key)
    await s3.close()


@pytest.fixture
async def phone(store: str, blobs: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client as a phone would use it: it follows links and knows no secret."""
    if store != "folder":
        async with httpx.AsyncClient() as client:
            yield client
        return

    def refused(_: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        return JSONResponse({"code": refusal.code}, status_code=refusal.http_status)

    app = Starlette(
        routes=[
            Route("/blobs/{key:path}", download, methods=["GET"]),
            Route("/blobs/{key:path}", upload, methods=["PUT"]),
        ],
        exception_handlers={Refusal: refused},
    )
    app.state.platform = SimpleNamespace(blobs=blobs)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        yield client
