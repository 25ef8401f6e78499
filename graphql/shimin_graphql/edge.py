"""What the core asks of this package (``shimin.ports.edge``): read a document, run one for a mini-app, serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shimin import documents
from shimin_graphql.asgi import create_app
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.explain import explain
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.limits import Limits
from shimin_graphql.engine.plan import public_facts
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.values import check_variables
from shimin_graphql.schema import schema

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin.config import Settings
    from shimin.kit.call import Call
    from shimin.kit.document import DocumentFault, DocumentScopes

__all__ = ["SchemaEdge", "create_app", "make_edge"]


class SchemaEdge:
    """Fulfils the edge port with the schema of this package."""

    def __init__(self, settings: Settings) -> None:
        """Run documents as the settings say; introspection and suggestions of names are for development."""
        production = settings.mode == "production"
        self.documents = Documents(
            schema._schema,  # noqa: SLF001 - Strawberry offers the core schema by this name only
            Limits(cost=settings.document_cost_max),
            hide_suggestions=production,
            introspection=not production,
            look_up=self._registered_texts,
        )
        self._distributed = self.documents.register_client()
        self.fragments = Fragments() if settings.engine_keep_public else None
        self.engine = Engine(
            self.documents.schema,
            timeout_s=settings.request_timeout_s,
            hide_suggestions=production,
            tier=settings.engine_tier,
            fragments=self.fragments,
        )
        self.platform: Platform | None = None
        """Set once, when the platform that this edge belongs to is complete."""

    def read_document(self, text: str) -> DocumentScopes:
        """Return what a document is and can read.

        Raises:
            DocumentInvalid, DocumentTooCostly: it cannot be trusted.
        """
        return self.documents.vetted(text).scopes

    def check_document(self, text: str) -> Sequence[DocumentFault]:
        """Return everything that keeps a document from being trusted; nothing where it can be."""
        return self.documents.faults(text)

    def explain(self, text: str) -> Mapping[str, Any]:
        """Return how a document runs: what it reads, who may ask, the tier of each root field and why, its SQL.

        Raises:
            DocumentInvalid, DocumentTooCostly: it cannot be trusted.
        """
        document, keep = self.documents.vetted(text), self.fragments is not None
        return explain(self.documents.schema, document, self.engine.tier, keep=keep)

    def distributed(self) -> Mapping[str, str]:
        """Return the texts of the operations that come with this version, by id."""
        return {document.id: document.text for document in self._distributed}

    async def run_document(self, call: Call, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a document of a mini-app release for this call and return its data.

        Raises:
            Refusal: the first error of the response.
        """
        if self.platform is None:
            message = "the edge was used before its platform was complete"
            raise RuntimeError(message)
        document = self.documents.vetted(text)
        check_variables(variables, self.documents.limits.values)
        context = Context(call=call, platform=self.platform)
        return await self.engine.run_whole(document, variables, context)

    async def watch(self, platform: Platform) -> None:
        """Hear of what changes kept parts and trusted documents, until cancelled; run once per process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.documents.registered.watch(platform.pubsub))
            if self.fragments is not None:
                facts = public_facts(self.documents.schema)
                tasks.create_task(self.fragments.watch(facts, db=platform.db, pubsub=platform.pubsub))

    async def _registered_texts(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the texts of those documents that are registered and not retired, by id."""
        if self.platform is None:
            return {}
        async with self.platform.db.reader() as reader:
            return await documents.live_texts(reader, ids)


def make_edge(settings: Settings) -> SchemaEdge:
    """Return an edge whose platform is still to be set."""
    return SchemaEdge(settings)
