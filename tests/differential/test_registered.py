"""The documents of the reference client answer the same whichever way they run, and leave the same state behind."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from tests.differential.city import LIN, City, Office, callers, session_of
from tests.differential.comparing import difference
from tests.differential.suite import STOCK_DROPS

from shimin.adapters.closed_channel import ClosedChannel
from shimin.adapters.dev_notifier import DevelopmentNotifier
from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.adapters.memory_cache import MemoryCache
from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.db import Database, open_database
from shimin.demo.residents import load_residents
from shimin.identity import VerifiedTokens
from shimin.kit.clock import FixedClock
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Document, Documents
from shimin_graphql.engine.run import Engine, Tier
from shimin_graphql.schema import schema

pytestmark = STOCK_DROPS
TIERS: tuple[Tier, ...] = ("stock", "batched", "compiled")
NONCE = "n" * 32
PHONE = "13900000001"
SECRET = re.compile(r'("(?:accessToken|refreshToken|receiptNumber)":)"[^"]*"')
ID = re.compile(r"_01[0-9a-f]{30}")
"""Made of the moment and of chance."""
DOCUMENTS = {document.scopes.name: document for document in Documents(schema._schema).register_client()}


@dataclass
class World:
    """A city of its own, whose documents all run in one way."""

    engine: Engine
    platform: Any
    answers: dict[str, Any] = field(default_factory=dict)
    """The first data of each document."""

    async def ask(self, document: Document, caller: str, variables: Mapping[str, Any]) -> bytes:
        """Return an answer without what differs by its nature."""
        context = Context(call=callers()[caller], platform=self.platform)
        body = (await self.engine.reply(document, variables, context)).body
        data = orjson.loads(body).get("data")
        if data is not None:
            self.answers.setdefault(document.scopes.name, data)
        return ID.sub("_id", SECRET.sub(r'\1"secret"', body.decode())).encode()

    def code(self) -> str:
        """Return the code that was sent last."""
        found = re.search(r"\d{6}", self.platform.notifier.notices()[-1].body)
        assert found is not None
        return found[0]


Given = Mapping[str, Any] | Callable[[World], Mapping[str, Any]]


def _sign_in(world: World) -> Mapping[str, Any]:
    return {"input": {"phone": PHONE, "code": world.code(), "nonce": NONCE, "deviceName": 'a "phone"'}}


def _refresh(world: World) -> Mapping[str, Any]:
    return {"input": {"refreshToken": world.answers["SignIn"]["signIn"]["refreshToken"], "nonce": NONCE}}


def _granted(world: World) -> Mapping[str, Any]:
    edges = world.answers["Consents"]["consents"]["edges"]
    return {"input": {"grantId": next(edge["node"]["id"] for edge in edges if edge["node"]["state"] == "GRANTED")}}


def _requested(world: World) -> Mapping[str, Any]:
    edges = world.answers["Payments"]["payments"]["edges"]
    return {"input": {"id": next(edge["node"]["id"] for edge in edges if edge["node"]["state"] == "REQUESTED")}}


PERSON = load_residents()[0]
CONFIRM = {"input": {"name": PERSON.name_zh_hans, "idNumber": PERSON.id_number}}
DECIDED = {"input": {"appId": "linhai.bus", "documentId": "none"}}
CALLED = {"input": {"appId": "none", "operation": "x", "input": {"a": [1, None, "x"]}}}
PAGES: tuple[Given, ...] = ({}, {"first": 100}, {"first": 0}, {"first": "x"}, {"after": "zz"})
STEPS: Mapping[str, tuple[Given, ...]] = {
    "Viewer": ({},),
    "Home": ({}, {"messages": 100, "bills": 1, "miniApps": 0}, {"messages": None}),
    "Inbox": PAGES,
    "Payments": PAGES,
    "Payment": ({"id": "pay_none"}, {}, {"id": None}),
    "Consents": PAGES,
    "AccessLog": PAGES,
    "PlatformLog": PAGES,
    "Sessions": PAGES,
    "MiniApps": ({},),
    "BrowseGuides": (*PAGES, {"filters": {"groups": ["自然人"]}}, {"filters": {"groups": None}}),
    "SearchGuides": ({"query": "社保"}, {"query": ""}, {"query": "x" * 200}, {"query": "社保", "first": 2}),
    "Guide": ({"code": f"{1:031}A"}, {"code": "none"}),
    "MyInsurance": ({},),
    "RequestCode": ({"input": {"phone": PHONE, "nonce": NONCE}}, {"input": {"phone": "x", "nonce": NONCE}}, {}),
    "SignIn": (_sign_in, _sign_in, {"input": {"phone": PHONE, "code": "1"}}),
    "RefreshSession": (_refresh, {"input": {"refreshToken": "none", "nonce": NONCE}}),
    "ConfirmRealName": (CONFIRM, CONFIRM, {"input": {"name": "x", "idNumber": "1"}}),
    "GrantConsent": (DECIDED, {"input": None}),
    "RefuseConsent": (DECIDED, {"input": {}}),
    "WithdrawConsent": (_granted, _granted, {"input": {"grantId": "none"}}),
    "ConfirmPayment": (_requested, _requested, {"input": {"id": "none"}}),
    "CallMiniApp": (CALLED, {"input": {"appId": "none", "operation": "x", "input": 7}}),
    "RevokeSession": ({"input": {"sessionId": session_of(LIN)}}, {"input": {"sessionId": "none"}}),
    "SignOut": ({},),
}
"""What is sent with each registered document, in order; later ones see what earlier ones changed."""


@pytest.fixture
def urls(new_database: Callable[[], str]) -> Mapping[Tier, str]:
    """Give the addresses of three databases."""
    return {tier: new_database() for tier in TIERS}


@pytest.fixture
async def worlds(
    urls: Mapping[Tier, str], models: tuple[str, ...], frozen_clock: FixedClock, tmp_path: Path
) -> AsyncIterator[Mapping[Tier, World]]:
    """Give the same city three times, once for each way to run documents."""
    made: dict[Tier, World] = {}
    databases: list[Database] = []
    for tier, url in urls.items():
        db = await open_database(url, models=models, pool_size=2, clock=frozen_clock)
        databases.append(db)
        await City(db, frozen_clock).found()
        platform = SimpleNamespace(
            db=db,
            clock=frozen_clock,
            source=Office(),
            cache=MemoryCache(),
            pubsub=MemoryPubSub(),
            tokens=JwtTokens(KeyFolder(tmp_path / f"keys_{tier}"), issuer="https://city.example", clock=frozen_clock),
            notifier=DevelopmentNotifier(mode="development", folder=tmp_path / tier),
            verified=VerifiedTokens(),
            settings=SimpleNamespace(mode="development"),
            channel=ClosedChannel(),
            sandbox=None,
            edge=None,
            subject_secret=b"s" * 32,
            sources={},
        )
        engine = Engine(schema._schema, timeout_s=60, hide_suggestions=True, tier=tier)
        made[tier] = World(engine, platform)
    yield made
    for db in databases:
        await db.close()


def test_every_registered_document_is_asked() -> None:
    asked = {name for name, document in DOCUMENTS.items() if document.kind != "subscription"}
    assert asked == set(STEPS)


async def test_every_registered_document_has_one_answer(worlds: Mapping[Tier, World]) -> None:
    succeeded: set[str] = set()
    for name, steps in STEPS.items():
        document = DOCUMENTS[name]
        people = callers() if document.kind == "query" else ["lin", "wu", "nobody", "an auditor"]
        for caller in people:
            for given in steps:
                found = {}
                for tier, world in worlds.items():
                    variables = given if isinstance(given, Mapping) else given(world)
                    found[tier] = await world.ask(document, caller, variables)
                for tier in TIERS[1:]:
                    differs = difference(found["stock"], found[tier])
                    assert differs is None or differs.disputed, (name, caller, given, tier, differs, found)
                if b'"errors":[{' not in found["stock"] and b'Invalid"' not in found["stock"]:
                    succeeded.add(name)
    assert succeeded == set(STEPS)
