"""A registered document is found by its id wherever it was registered, and the registry cannot be hammered by ids."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.kit.digest import sha256_id
from shimin.ports.edge import DOCUMENTS_CHANGED
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.errors import DocumentIdInvalid, DocumentOutdated, DocumentUnknown
from shimin_graphql.engine.registered import TRUST_S, Registered

TEXT = "query Greet { hello }"
ID = sha256_id(TEXT)
OLD = "query Old { wasThere }"


class Shelf:
    """A registry in memory that counts how often it is asked."""

    def __init__(self, documents: Documents) -> None:
        self.texts: dict[str, str] = {}
        self.asked: list[list[str]] = []
        self.now_s = 100.0
        self.began, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.documents = documents
        documents.registered = self.registered = Registered(
            documents.vetted, self.look_up, monotonic_s=lambda: self.now_s
        )

    async def look_up(self, ids: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(ids))
        found = {key: self.texts[key] for key in ids if key in self.texts}
        self.began.set()
        await self.gate.wait()
        return found

    async def knows(self, document_id: str = ID) -> bool:
        try:
            return (await self.documents.find(document_id)).id == document_id
        except DocumentUnknown:
            return False


@pytest.fixture
def shelf(documents: Documents) -> Shelf:
    return Shelf(documents)


async def test_a_registered_document_is_compiled_once_and_asked_for_rarely(shelf: Shelf) -> None:
    shelf.texts[ID] = TEXT
    found = {id(await shelf.documents.find(ID)) for _ in range(20)}
    assert len(found) == 1
    assert shelf.asked == [[ID]]
    shelf.now_s += TRUST_S + 1
    assert id(await shelf.documents.find(ID)) in found
    assert len(shelf.asked) == 2


async def test_what_is_no_id_is_refused_without_asking(shelf: Shelf) -> None:
    for wrong in ("", "sha256:", ID.upper(), ID + "0", ID[:-1], f"{ID}\n", "' OR 1=1 --", TEXT, "x" * 100_000):
        with pytest.raises(DocumentIdInvalid):
            await shelf.documents.find(wrong)
    assert shelf.asked == []


async def test_unknown_ids_are_asked_for_together_and_then_remembered(shelf: Shelf) -> None:
    unknown = [sha256_id(str(number)) for number in range(500)]
    shelf.texts[ID] = TEXT
    found = await asyncio.gather(*(shelf.knows(key) for key in (*unknown, *unknown, ID)))
    assert found == [*[False] * 1000, True]
    assert len(shelf.asked) <= 5
    asked = len(shelf.asked)
    assert not any([await shelf.knows(key) for key in unknown])
    assert len(shelf.asked) == asked


async def test_a_hint_is_heard_at_once_and_a_missed_one_costs_seconds(shelf: Shelf) -> None:
    pubsub = MemoryPubSub()
    watching = asyncio.create_task(shelf.registered.watch(pubsub))
    await asyncio.sleep(0)
    assert not await shelf.knows()
    shelf.texts[ID] = TEXT
    assert not await shelf.knows()
    await pubsub.publish(DOCUMENTS_CHANGED, ID.encode())
    for _ in range(100):
        if await shelf.knows():
            break
        await asyncio.sleep(0.01)
    assert await shelf.knows()
    del shelf.texts[ID]
    assert await shelf.knows()
    shelf.now_s += TRUST_S + 1
    assert not await shelf.knows()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await pubsub.close()


async def test_an_answer_that_a_change_overtook_is_not_remembered(shelf: Shelf) -> None:
    shelf.texts[ID] = TEXT
    looking = asyncio.create_task(shelf.knows())
    shelf.gate.clear()
    await shelf.began.wait()
    del shelf.texts[ID]
    shelf.registered.forget(ID)
    shelf.gate.set()
    assert await looking
    assert not await shelf.knows()


async def test_a_document_of_an_older_schema_is_refused_as_outdated(shelf: Shelf) -> None:
    shelf.texts[sha256_id(OLD)] = OLD
    for _ in range(2):
        with pytest.raises(DocumentOutdated):
            await shelf.documents.find(sha256_id(OLD))
    assert len(shelf.asked) == 1


async def test_a_row_whose_text_is_not_its_id_never_runs(shelf: Shelf) -> None:
    shelf.texts[ID] = "query Other { hello }"
    assert not await shelf.knows()


async def test_a_registry_that_cannot_be_asked_is_asked_again(shelf: Shelf) -> None:
    shelf.texts[ID] = TEXT
    answers = shelf.look_up

    async def fail(_: Sequence[str]) -> Mapping[str, str]:
        raise TimeoutError

    documents = shelf.documents
    documents.registered = Registered(documents.vetted, fail)
    with pytest.raises(TimeoutError):
        await documents.find(ID)
    documents.registered._look_up = answers
    assert (await documents.find(ID)).id == ID
