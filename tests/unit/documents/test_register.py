"""A document is trusted by its hash, once; stopping it and bringing it back are deeds that the log keeps."""

from dataclasses import replace

import pytest

from shimin import documents
from shimin.config import Settings
from shimin.db import Database
from shimin.documents import (
    DocumentBuiltIn,
    DocumentStopped,
    InvalidClient,
    RegisterDocument,
    TrustedDocument,
)
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.digest import sha256_id
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, Refusal
from shimin_graphql.edge import SchemaEdge, make_edge

ORDER = RegisterDocument("query Unread { unreadCount }", client="kiosk")
ID = sha256_id(ORDER.text)


@pytest.fixture(scope="module")
def edge() -> SchemaEdge:
    return make_edge(Settings())


class Registry:
    def __init__(self, db: Database, edge: SchemaEdge, clock: FixedClock) -> None:
        self.db, self.edge, self.clock = db, edge, clock

    async def register(self, order: RegisterDocument = ORDER, call: Call | None = None) -> bool:
        async with self.db.unit() as unit:
            return await documents.register(call or system_call(), order, unit=unit, edge=self.edge, clock=self.clock)

    async def retire(self, document_id: str = ID, call: Call | None = None) -> bool:
        async with self.db.unit() as unit:
            return await documents.retire(
                call or system_call(), document_id, unit=unit, edge=self.edge, clock=self.clock
            )

    async def found(self, document_id: str = ID) -> TrustedDocument | None:
        async with self.db.reader() as reader:
            return await documents.find(reader, document_id)

    async def live(self) -> list[str]:
        async with self.db.reader() as reader:
            return list(await documents.live_texts(reader, [ID, sha256_id("x")]))

    async def told(self) -> tuple[list[str], list[str]]:
        """Return the names of all facts, and of all deeds in the platform's log."""
        async with self.db.reader() as reader:
            facts = await reader.fetch("SELECT name FROM outbox ORDER BY seq")
            deeds = await reader.fetch("SELECT action FROM audit_platform_entry ORDER BY seq")
        return [row["name"] for row in facts], [row["action"] for row in deeds]


@pytest.fixture
def registry(db: Database, edge: SchemaEdge, frozen_clock: FixedClock) -> Registry:
    return Registry(db, edge, frozen_clock)


async def test_the_same_text_is_registered_once_whoever_it_is_for(registry: Registry) -> None:
    assert [await registry.register(), await registry.register(replace(ORDER, client="mobile"))] == [True, False]
    found = await registry.found()
    assert found is not None
    assert (found.id, found.name, found.kind, found.client) == (ID, "Unread", "query", "kiosk")
    assert (found.text, found.registered_by, found.retired_at) == (ORDER.text, "system", None)
    assert await registry.told() == (["document.registered"], ["document.registered"])


async def test_a_retired_document_is_found_no_more_and_comes_back_only_when_asked_for(registry: Registry) -> None:
    await registry.register()
    assert [await registry.retire(), await registry.retire()] == [True, False]
    assert await registry.live() == []
    with pytest.raises(DocumentStopped):
        await registry.register()
    assert [await registry.register(replace(ORDER, revive=True)) for _ in range(2)] == [True, False]
    assert await registry.live() == [ID]
    story = ["document.registered", "document.retired", "document.registered"]
    assert await registry.told() == (story, story)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (RegisterDocument("{ nothing }"), "DOCUMENT_INVALID"),
        (RegisterDocument("query A { unreadCount } query B { unreadCount }"), "DOCUMENT_INVALID"),
        (RegisterDocument("{" + "a{" * 20 + "}" * 21), "DOCUMENT_TOO_COSTLY"),
        (RegisterDocument("# \x00\n{ unreadCount }"), InvalidInput.code),
        (replace(ORDER, client="Mobile App"), InvalidClient.code),
    ],
)
async def test_what_cannot_run_is_not_registered(registry: Registry, order: RegisterDocument, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await registry.register(order)
    assert refused.value.code == code
    assert await registry.told() == ([], [])


async def test_nobody_registers_or_retires_by_a_request(registry: Registry) -> None:
    await registry.register()
    operator = Actor(kind="operator", id="stf_1", roles=frozenset({"reviewer", "releaser", "ad_hoc_documents"}))
    for call in (Call(actor=ANONYMOUS), Call(actor=operator)):
        with pytest.raises(NotAllowed):
            await registry.register(RegisterDocument("{ unreadCount }"), call)
        with pytest.raises(NotAllowed):
            await registry.retire(call=call)
    assert await registry.live() == [ID]


async def test_what_comes_with_the_version_or_is_not_there_cannot_be_retired(
    registry: Registry, edge: SchemaEdge
) -> None:
    with pytest.raises(DocumentBuiltIn):
        await registry.retire(next(iter(edge.distributed())))
    with pytest.raises(NotFound):
        await registry.retire()
