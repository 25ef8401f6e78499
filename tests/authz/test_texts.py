"""In production only trusted documents run; the one exception is an operator of one office, and it is on the record."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.authz.conftest import World

from shimin.db import Row
from shimin.kit.digest import sha256_id
from shimin_graphql.asgi import create_app

TEXT = "query Apps { miniApps { id } viewer { id } }"
CHANGES = "mutation Out { signOut { __typename } }"
FOLLOWS = "subscription Heard { messageArrived { id } }"
VIEWER = "query Viewer { viewer { id } }"
PERMITTED = "ad_hoc_documents"


@dataclass
class Production:
    """The settled city as its servers are run."""

    world: World
    http: httpx.AsyncClient

    async def ask(self, who: str, body: Mapping[str, Any], path: str = "/graphql") -> httpx.Response:
        """Send a request as somebody, through the whole application."""
        call = self.world.calls[who]
        headers = {"accept": "text/event-stream"} if path.endswith("/stream") else {}
        if call.session_id:
            token = self.world.platform.tokens.issue(subject=call.actor.id, session_id=call.session_id)
            headers["authorization"] = f"Bearer {token.text}"
        return await self.http.post(path, json=body, headers=headers)

    async def refusal(self, who: str, body: Mapping[str, Any], path: str = "/graphql") -> tuple[int, str]:
        """Return the status and code of a request that is refused as a whole."""
        response = await self.ask(who, body, path)
        assert "data" not in response.json(), response.text
        return response.status_code, response.json()["errors"][0]["extensions"]["code"]

    async def logged(self) -> list[Row]:
        """Return what the platform's log says of texts that ran."""
        async with self.world.platform.db.reader() as reader:
            return await reader.fetch(
                "SELECT subject, actor_kind, actor_id, document_id FROM audit_platform_entry"
                " WHERE action = 'document.ran_ad_hoc' ORDER BY seq"
            )


@pytest.fixture
async def production(world: World) -> AsyncIterator[Production]:
    settings = world.platform.settings.model_copy(update={"mode": "production"})
    app = create_app(settings, world.platform)
    async with (
        app.started(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shimin.test") as http,
    ):
        yield Production(world, http)


async def test_nobody_but_the_permitted_operator_runs_a_text_and_only_a_query_on_the_record(
    production: Production,
) -> None:
    callers = production.world.calls.keys() - {"miniapp", PERMITTED}
    assert len(callers) == 8
    for who in callers:
        for text in (TEXT, CHANGES, FOLLOWS, "{ __schema { queryType { name } } }", "{"):
            for path in ("/graphql", "/graphql/stream"):
                assert await production.refusal(who, {"query": text}, path) == (403, "DOCUMENTS_ONLY"), (who, text)
    for text, path in ((CHANGES, "/graphql"), (CHANGES, "/graphql/stream"), (FOLLOWS, "/graphql/stream")):
        assert await production.refusal(PERMITTED, {"query": text}, path) == (403, "DOCUMENTS_ONLY")
    assert await production.logged() == []

    answer = (await production.ask(PERMITTED, {"query": TEXT})).json()
    operator = production.world.calls[PERMITTED].actor.id
    assert answer["data"]["viewer"]["id"] == operator
    entry = {"subject": sha256_id(TEXT), "actor_kind": "operator", "actor_id": operator, "document_id": sha256_id(TEXT)}
    assert [dict(row) for row in await production.logged()] == [entry]
    streamed = await production.ask(PERMITTED, {"query": TEXT}, "/graphql/stream")
    assert operator in streamed.text
    assert len(await production.logged()) == 2


async def test_a_text_that_cannot_be_logged_does_not_run(production: Production) -> None:
    async with production.world.platform.db.unit() as unit:
        await unit.execute("ALTER TABLE audit_platform_entry RENAME TO elsewhere")
    _, code = await production.refusal(PERMITTED, {"query": TEXT})
    assert code == "ACCESS_NOT_LOGGED"


async def test_a_mini_apps_document_runs_for_its_release_and_no_phone_can_call_it(production: Production) -> None:
    world, edge = production.world, production.world.platform.edge
    text = "query Mine { payments(first: 1) { edges { node { id } } } }"
    await world.register(text)
    first = edge.documents.vetted(text)
    assert await edge.run_document(world.calls["miniapp"], text, {}) == {"payments": {"edges": []}}
    assert edge.documents.vetted(text) is first
    for who in ("citizen", "anonymous", PERMITTED):
        assert await production.refusal(who, {"documentId": sha256_id(text)}) == (404, "DOCUMENT_UNKNOWN")
