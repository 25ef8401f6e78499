"""From a request to a document that may run: who asks, what for, and whether it may be asked this way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shimin_graphql.engine.accept import need_json
from shimin_graphql.engine.errors import MethodNotAllowed, SubscriptionElsewhere
from shimin_graphql.engine.permission import need_permission, note_run
from shimin_graphql.engine.request import GraphQLRequest, read_body, read_get, read_post
from shimin_graphql.engine.values import check_variables

if TYPE_CHECKING:
    from shimin_graphql.context import Context
    from shimin_graphql.engine.budget import Budget
    from shimin_graphql.engine.documents import Document, Documents
    from shimin_graphql.engine.headers import Headers
    from shimin_graphql.engine.origin import Origins
    from shimin_graphql.engine.request import Receive

MakeContext = Callable[["Headers"], Awaitable["Context"]]
Scope = Mapping[str, Any]
METHODS = frozenset({"GET", "HEAD", "POST"})
QUERY = frozenset({"query"})
ANSWERED = frozenset({"query", "mutation"})
FOLLOWED = frozenset({"query", "subscription"})
ANY = frozenset({"query", "mutation", "subscription"})


@dataclass(slots=True)
class Asked:
    """A document that may run, with its variables."""

    document: Document
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any] | None
    """What the response says of the document; None of one that is trusted."""


class Intake:
    """What every way of asking does before anything runs."""

    def __init__(
        self,
        documents: Documents,
        make_context: MakeContext,
        origins: Origins,
        *,
        body_bytes_max: int,
        texts_allowed: bool,
        budget: Budget | None = None,
    ) -> None:
        """Find documents and callers.

        Args:
            documents: what can be asked for.
            make_context: finds out who asks, from the headers.
            origins: which pages may ask.
            body_bytes_max: longest body taken.
            texts_allowed: whether everybody may send texts of their own (development); else only operators who hold
                ``ad_hoc_documents``, and only queries.
            budget: what callers may spend on texts of their own; None: as much as they like.
        """
        self.origins = origins
        self.make_context = make_context
        self._documents = documents
        self._body_bytes_max = body_bytes_max
        self._texts_allowed = texts_allowed
        self._budget = budget

    async def read(self, scope: Scope, headers: Headers, receive: Receive) -> GraphQLRequest:
        """Return what a GET or POST asks for.

        Raises:
            MethodNotAllowed: any other method.
            OriginNotAllowed: a page of an unknown site sent it.
            MediaTypeUnsupported: a POST that is not JSON in UTF-8.
            BodyMalformed, BodyTooLarge, BodyTimeout, UrlTooLong, HeaderMalformed, ClientGone: see each.
        """
        method = scope["method"]
        if method not in METHODS:
            raise MethodNotAllowed
        self.origins.check(headers.get(b"origin"))
        if method == "POST":
            need_json(headers.get(b"content-type", b""))
            return read_post(await read_body(receive, headers.get(b"content-length"), self._body_bytes_max))
        return read_get(scope["query_string"])

    async def find(self, asked: GraphQLRequest, kinds: frozenset[str], context: Context, address: str) -> Asked:
        """Return the document that is asked for, if it may be asked for this way.

        A trusted one is free; any other is charged to the caller.

        Args:
            asked: what the request says.
            kinds: the kinds of operation that may be sent this way.
            context: who asks.
            address: where from.

        Raises:
            DocumentIdInvalid, DocumentUnknown, DocumentOutdated, DocumentsOnly: there is nothing that may run.
            DocumentError, DocumentTooCostly, VariablesTooLarge, BudgetExhausted: it may not run.
            MethodNotAllowed, SubscriptionElsewhere: not this way.
        """
        check_variables(asked.variables, self._documents.limits.values)
        extensions = None
        on_record = asked.document_id is None and not self._texts_allowed
        if on_record:
            need_permission(context.call)
        if asked.document_id is not None:
            document = await self._documents.find(asked.document_id)
        elif self._budget is None:
            document = self._documents.compile(asked.query or "", asked.operation_name)
        else:
            document, extensions = await self._budget.charge(
                asked.query or "", asked.operation_name, asked.variables, context.call, address
            )
        if document.kind not in kinds:
            raise SubscriptionElsewhere if document.kind == "subscription" else MethodNotAllowed
        if on_record:
            await note_run(document, context)
        return Asked(document, asked.variables, extensions)


def address_of(scope: Scope) -> str:
    """Return where a request came from, or nothing where that is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""
