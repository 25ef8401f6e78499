"""A checked release carries the connectors of its manifest; an origin that leads nowhere public fails the check."""

import json
from typing import Any

import pytest
from tests.unit.releases.conftest import APP, HRSS, SAMPLE, Desk, package

from shimin.connectors.rows import find_way
from shimin.releases import Release, State
from shimin_sdk.pack import from_folder


def declaring(*declared: tuple[str, str]) -> bytes:
    """Return the sample's archive with connectors."""
    manifest: dict[str, Any] = json.loads(from_folder(SAMPLE).files["manifest.json"])
    manifest["shimin"]["connectors"] = [{"name": name, "origin": origin} for name, origin in declared]
    return package(changed={"manifest.json": json.dumps(manifest, ensure_ascii=False)})


async def checked(desk: Desk, content: bytes) -> Release:
    return await desk.check((await desk.upload(content)).id)


async def test_a_checked_release_carries_its_connectors(desk: Desk) -> None:
    release = await checked(desk, declaring(("hrss", "https://api.hrss.example"), ("pay", "https://pay.example:8443")))
    assert release.state is State.READY
    async with desk.db.reader() as reader:
        way = await find_way(reader, release_id=release.id, name="pay")
    assert way is not None
    assert (way.department_id, way.origin, way.sealed) == (HRSS, "https://pay.example:8443", None)
    rows = await desk.rows("SELECT app_id, name FROM connector ORDER BY name")
    assert rows == [{"app_id": APP, "name": "hrss"}, {"app_id": APP, "name": "pay"}]


@pytest.mark.parametrize(
    "declared",
    [
        [("hrss", "https://10.0.0.1")],
        [("hrss", "https://db.internal")],
        [("hrss", "https://api.hrss.example:99999")],
        [("hrss", "https://a.example"), ("hrss", "https://b.example")],
    ],
)
async def test_a_connector_that_cannot_be_taken_is_a_finding(desk: Desk, declared: list[tuple[str, str]]) -> None:
    release = await checked(desk, declaring(*declared))
    assert release.state is State.CHECK_FAILED
    assert any("CONNECTOR_INVALID" in finding for finding in release.findings)
    assert await desk.rows("SELECT id FROM connector") == []
    assert not desk.builder.built
