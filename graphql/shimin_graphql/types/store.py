"""The store: what mini-apps keep for a citizen, seen and ended by the citizen."""

from datetime import datetime

import strawberry

from shimin import store
from shimin_graphql.context import Info
from shimin_graphql.types.access import CITIZEN, HOLDER, object_type
from shimin_graphql.types.base import mutation
from shimin_graphql.types.rows import pages, rows


@rows(store.KEPT)
@object_type(allow=HOLDER, description="Something that a mini-app keeps for the caller; its content is the mini-app's.")
class KeptValue:
    """A stored value on the wire."""

    app_id: strawberry.ID
    name: str
    size_bytes: int
    changed_at: datetime


@strawberry.input
class ForgetKeptInput:
    """Names the mini-app that is to forget."""

    app_id: strawberry.ID


@object_type(allow=HOLDER, description="What a mini-app forgot.")
class Forgotten:
    """How much was forgotten."""

    values: int


@strawberry.type
class StoreQuery:
    """Reading what is kept."""

    kept_values = pages(
        KeptValue,
        store.KEPT,
        order="app",
        allow=CITIZEN,
        description="What mini-apps keep for the caller, by mini-app and name; at most 100 a page.",
    )


@strawberry.type
class StoreMutation:
    """Ending what is kept."""

    @mutation(allow=CITIZEN, refuses=[])
    async def forget_kept(self, info: Info, input: ForgetKeptInput) -> Forgotten:  # noqa: A002
        """Let a mini-app forget everything that it keeps for the caller; a repeat changes nothing."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            values = await store.forget(info.context.call, input.app_id, unit=unit)
        return Forgotten(values=values)
