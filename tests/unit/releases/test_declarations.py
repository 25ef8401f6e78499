"""A checked release carries what its manifest declares: connectors, exports, imports; what cannot be taken fails it."""

import json
from typing import Any

import pytest
from tests.unit.releases.conftest import APP, HRSS, SAMPLE, Desk, package

from shimin import exchange
from shimin.connectors.rows import find_way
from shimin.exchange import ServiceName
from shimin.releases import Release, State
from shimin_sdk.pack import from_folder

RESIDENCE = "linhai.psb.residence"
HRSS_API = {"name": "hrss", "origin": "https://api.hrss.example"}
USED = {"app": RESIDENCE, "operation": "verify", "purpose": "purpose.verify", "retention": "P1Y"}
OFFERED = {"operation": "months", "input": {"type": "object"}, "output": {"type": "object"}}
WORDS = {"zh-Hans": "核对户籍", "en": "Check where you live"}


def declaring(**members: list[dict[str, Any]]) -> bytes:
    """Return the sample's archive with more members under ``shimin``, and words for one more purpose."""
    files = from_folder(SAMPLE).files
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    manifest["shimin"] |= members
    changed = {"manifest.json": json.dumps(manifest, ensure_ascii=False)}
    for locale, words in WORDS.items():
        texts = {**json.loads(files[f"i18n/{locale}.json"]), "purpose.verify": words}
        changed[f"i18n/{locale}.json"] = json.dumps(texts, ensure_ascii=False)
    return package(changed=changed)


async def checked(desk: Desk, **members: list[dict[str, Any]]) -> Release:
    return await desk.check((await desk.upload(declaring(**members))).id)


async def test_a_checked_release_carries_its_connectors(desk: Desk) -> None:
    pay = {"name": "pay", "origin": "https://pay.example:8443"}
    release = await checked(desk, connectors=[HRSS_API, pay])
    assert release.state is State.READY, release.findings
    async with desk.db.reader() as reader:
        way = await find_way(reader, release_id=release.id, name="pay")
    assert way is not None
    assert (way.department_id, way.origin, way.sealed) == (HRSS, "https://pay.example:8443", None)
    rows = await desk.rows("SELECT app_id, name FROM connector ORDER BY name")
    assert rows == [{"app_id": APP, "name": "hrss"}, {"app_id": APP, "name": "pay"}]


async def test_a_checked_release_carries_what_it_offers_and_uses(desk: Desk) -> None:
    release = await checked(desk, exports=[OFFERED], imports=[USED])
    assert release.state is State.READY, release.findings
    async with desk.db.reader() as reader:
        offered = await exchange.find_export(reader, release.id, "months")
        assert await exchange.find_export(reader, release.id, "other") is None
    assert offered is not None
    assert offered.input == {"type": "object"}
    service = ServiceName(RESIDENCE, "verify")
    found = await desk.rows("SELECT name, retention, purpose FROM consent_document WHERE scopes = '[\"service\"]'")
    assert [(row["name"], row["retention"], json.loads(row["purpose"])) for row in found] == [
        (service.document_name, "P1Y", WORDS)
    ]


BAD: dict[str, tuple[str, dict[str, list[dict[str, Any]]]]] = {
    "an address": ("CONNECTOR_INVALID", {"connectors": [{**HRSS_API, "origin": "https://10.0.0.1"}]}),
    "a name inside a network": ("CONNECTOR_INVALID", {"connectors": [{**HRSS_API, "origin": "https://db.internal"}]}),
    "a port that is none": ("CONNECTOR_INVALID", {"connectors": [{**HRSS_API, "origin": "https://a.example:99999"}]}),
    "a name twice": ("CONNECTOR_INVALID", {"connectors": [HRSS_API, {**HRSS_API, "origin": "https://b.example"}]}),
    "a schema with a reference": (
        "SERVICE_DECLARATION_INVALID",
        {"exports": [{**OFFERED, "input": {"type": "object", "$ref": "#"}}]},
    ),
    "an operation twice": ("SERVICE_DECLARATION_INVALID", {"exports": [OFFERED, OFFERED]}),
    "its own service": ("SERVICE_DECLARATION_INVALID", {"imports": [{**USED, "app": APP}]}),
    "a purpose without words": ("SERVICE_DECLARATION_INVALID", {"imports": [{**USED, "purpose": "purpose.none"}]}),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_cannot_be_taken_is_a_finding(desk: Desk, case: str) -> None:
    code, members = BAD[case]
    release = await checked(desk, **members)
    assert release.state is State.CHECK_FAILED
    assert any(code in finding for finding in release.findings), release.findings
    for table in ("connector", "service_export", "service_import"):
        assert await desk.rows(f"SELECT id FROM {table}") == []  # noqa: S608 - constants
    assert not desk.builder.built
