"""What a mini-app may ask of the platform besides its documents, each by a name such as ``store.get``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from shimin import messages, store
from shimin.kit.refusal import InvalidInput
from shimin.miniapps.errors import IdempotencyKeyMissing, ServiceNotAvailable

if TYPE_CHECKING:
    from shimin.db import Database
    from shimin.kit.call import Call
    from shimin.kit.clock import Clock

Asked = Mapping[str, Any]
READS = frozenset({"store.get", "store.keys"})
"""Services that change nothing; every other needs the call's idempotency key."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Answers what one guest call asks for, with its citizen's authority and no more."""

    call: Call
    key: str | None
    """The idempotency key: a call that has one may change something."""
    db: Database
    clock: Clock

    async def answer(self, service: str, request: str) -> Any:
        """Return a service's answer.

        Raises:
            ServiceNotAvailable: the platform offers none of that name.
            IdempotencyKeyMissing: it would change something, and the call may not.
            InvalidInput: the request is no JSON object, or not what the service takes.
            Refusal: the service's own.
        """
        answering = _ANSWERING.get(service)
        if answering is None:
            raise ServiceNotAvailable(service=service[:100])
        if service not in READS and self.key is None:
            raise IdempotencyKeyMissing
        try:
            asked = orjson.loads(request)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            raise InvalidInput(field="request", reason="one JSON object")
        return await answering(self, asked)


async def _get(offers: Offers, asked: Asked) -> Any:
    async with offers.db.reader() as reader:
        found = await store.get(offers.call, asked.get("key"), reader=reader)
    return {"value": found.value, "version": found.version}


async def _put(offers: Offers, asked: Asked) -> Any:
    async with offers.db.unit() as unit:
        version = await store.put(
            offers.call, asked.get("key"), asked.get("value"), asked.get("version"), unit=unit, clock=offers.clock
        )
    return {"version": version}


async def _delete(offers: Offers, asked: Asked) -> Any:
    async with offers.db.unit() as unit:
        await store.delete(offers.call, asked.get("key"), unit=unit)
    return {}


async def _keys(offers: Offers, asked: Asked) -> Any:
    async with offers.db.reader() as reader:
        return await store.keys(offers.call, _text({"prefix": "", **asked}, "prefix"), reader=reader)


async def _send(offers: Offers, asked: Asked) -> Any:
    params = asked.get("params", {})
    if not isinstance(params, dict):
        raise InvalidInput(field="params", reason="one JSON object")
    order = messages.SendForApp(id=_text(asked, "id"), template=_text(asked, "template"), params=params)
    async with offers.db.unit() as unit:
        return {"id": await messages.send_for_app(offers.call, order, unit=unit, clock=offers.clock)}


def _text(asked: Asked, field: str) -> str:
    value = asked.get(field)
    if not isinstance(value, str):
        raise InvalidInput(field=field, reason="a text")
    return value


_ANSWERING: Mapping[str, Callable[[Offers, Asked], Awaitable[Any]]] = {
    "messages.send": _send,
    "store.get": _get,
    "store.put": _put,
    "store.delete": _delete,
    "store.keys": _keys,
}
