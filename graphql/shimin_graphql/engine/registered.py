"""Documents that were registered by command: looked up when they are first called, and believed for a few seconds."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from shimin.ports.edge import DOCUMENTS_CHANGED
from shimin_graphql.engine.errors import DocumentInvalid, DocumentOutdated, DocumentTooCostly, DocumentUnknown

if TYPE_CHECKING:
    from shimin.ports.pubsub import PubSub
    from shimin_graphql.engine.documents import Document

LookUp = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Returns the texts of those of the ids that are registered and not retired."""
TRUST_S = 5.0
"""What was found, or not found, is asked again after this long: a hint that was missed costs no more."""
KEPT_MAX = 1_000
"""Documents found that are remembered, least recently called dropped first."""
ABSENT_MAX = 10_000
"""Ids not found that are remembered, likewise."""
BATCH_MAX = 200
"""Ids asked for in one statement."""
RETRY_S = 1.0
log = structlog.get_logger("shimin.graphql")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Known:
    document: Document | None
    """None: registered, and does not fit the schema."""
    looked_at_s: float


class Registered:
    """A bounded memory of the registry; one per process, empty is always correct.

    However many unknown ids are called, the registry is asked by one statement at a time: whoever comes meanwhile
    is answered by the next, all of them together.
    """

    def __init__(
        self,
        read: Callable[[str], Document],
        look_up: LookUp | None,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember nothing yet.

        Args:
            read: makes a text ready to run, within the limits and the schema.
            look_up: asks the registry; None: there is none.
        """
        self._read = read
        self._look_up = look_up
        self._monotonic_s = monotonic_s
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[str | None]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._changes = 0

    async def find(self, document_id: str) -> Document:
        """Return the document of a well-formed id.

        Raises:
            DocumentUnknown: it is not registered, or retired.
            DocumentOutdated: it does not fit the schema any more.
        """
        now_s = self._monotonic_s()
        known = self._known.get(document_id)
        if known is None or now_s - known.looked_at_s > TRUST_S:
            if now_s - self._absent.get(document_id, float("-inf")) <= TRUST_S:
                raise DocumentUnknown
            known = await self._look(document_id, known)
        else:
            self._known.move_to_end(document_id)
        if known.document is None:
            raise DocumentOutdated
        return known.document

    def forget(self, document_id: str) -> None:
        """Ask the registry when this document is called next."""
        self._changes += 1
        self._known.pop(document_id, None)
        self._absent.pop(document_id, None)

    async def watch(self, pubsub: PubSub) -> None:
        """Hear which documents changed, until cancelled; run it once per process, beside the server."""
        while True:
            async with pubsub.listen(DOCUMENTS_CHANGED) as payloads:
                async for payload in payloads:
                    self.forget(payload.decode("ascii", "replace"))
            await asyncio.sleep(RETRY_S)  # the hints ended: what is remembered is asked again in time all the same

    async def _look(self, document_id: str, before: _Known | None) -> _Known:
        """Ask the registry; remember its answer unless something changed meanwhile."""
        asked_at_s, changes = self._monotonic_s(), self._changes
        text = await self._text(document_id)
        if text is None:
            self._known.pop(document_id, None)
            if changes == self._changes:
                _remember(self._absent, document_id, asked_at_s, ABSENT_MAX)
            raise DocumentUnknown
        known = _Known(before.document if before else self._compiled(document_id, text), asked_at_s)
        if changes == self._changes:
            _remember(self._known, document_id, known, KEPT_MAX)
        return known

    def _compiled(self, document_id: str, text: str) -> Document | None:
        try:
            document = self._read(text)
        except (DocumentInvalid, DocumentTooCostly) as refusal:
            log.warning("graphql.document_outdated", document_id=document_id, reason=str(refusal))
            return None
        if document.id != document_id:
            log.error("graphql.document_altered", document_id=document_id)
            raise DocumentUnknown
        return document

    async def _text(self, document_id: str) -> str | None:
        """Return what the registry holds, by the next statement that asks it."""
        if self._look_up is None:
            return None
        waiting = self._waiting.get(document_id)
        if waiting is None:
            waiting = self._waiting[document_id] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(self._look_up))
        return await asyncio.shield(waiting)

    async def _ask(self, look_up: LookUp) -> None:
        """Ask for all who wait, and for those who came meanwhile, until nobody waits."""
        try:
            while self._waiting:
                batch = {key: self._waiting.pop(key) for key in list(self._waiting)[:BATCH_MAX]}
                try:
                    found = await look_up(list(batch))
                except Exception as error:  # noqa: BLE001 - whoever waits is told
                    for waiting in batch.values():
                        waiting.set_exception(error)
                        waiting.exception()  # whoever waited may be gone: nobody else needs to hear of it
                else:
                    for key, waiting in batch.items():
                        waiting.set_result(found.get(key))
        finally:
            self._asking = None


def _remember(memory: OrderedDict[str, Value], key: str, value: Value, size_max: int) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > size_max:
        memory.popitem(last=False)
