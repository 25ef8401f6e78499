"""What the core asks of this package (``shimin.ports.edge``): read a document, run one for a mini-app, serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shimin_graphql.asgi import create_app
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import DocumentError, Documents
from shimin_graphql.engine.errors import DocumentInvalid
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.limits import Limits, check_cost
from shimin_graphql.engine.plan import public_facts
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.values import check_variables
from shimin_graphql.schema import schema

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin.config import Settings
    from shimin.kit.call import Call
    from shimin.kit.document import DocumentScopes

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
        )
        self.documents.register_client()
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
        try:
            document = self.documents.compile(text)
        except DocumentError as error:
            raise DocumentInvalid(reason=error.summary) from None
        check_cost(document.cost.most, self.documents.limits)
        return document.scopes

    async def run_document(self, call: Call, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a document of a mini-app release for this call and return its data.

        Raises:
            Refusal: the first error of the response.
        """
        if self.platform is None:
            message = "the edge was used before its platform was complete"
            raise RuntimeError(message)
        try:
            document = self.documents.compile(text)
        except DocumentError as error:
            raise DocumentInvalid(reason=error.summary) from None
        check_variables(variables, self.documents.limits.values)
        context = Context(call=call, platform=self.platform)
        return await self.engine.run_whole(document, variables, context)

    async def watch(self, platform: Platform) -> None:
        """Hear of facts after which kept parts are others, until cancelled; run once per process."""
        if self.fragments is not None:
            await self.fragments.watch(public_facts(self.documents.schema), db=platform.db, pubsub=platform.pubsub)


def make_edge(settings: Settings) -> SchemaEdge:
    """Return an edge whose platform is still to be set."""
    return SchemaEdge(settings)
