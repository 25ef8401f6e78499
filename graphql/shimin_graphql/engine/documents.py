"""Documents by their hash: parsed, bounded, validated and measured once, then only run."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from shimin.kit.digest import sha256_id
from shimin.kit.document import DocumentFault, DocumentScopes, OperationKind
from shimin.kit.text import say_refusal
from shimin_graphql.engine.cost import Cost, defaults_of
from shimin_graphql.engine.errors import DocumentIdInvalid, DocumentInvalid, DocumentTooCostly, DocumentUnknown
from shimin_graphql.engine.limits import Limits, check_cost, check_limits, check_text
from shimin_graphql.engine.registered import LookUp, Registered
from shimin_graphql.engine.rules import validation_rules
from shimin_graphql.engine.scopes import personal_fields

ADHOC_KEPT = 256
"""Texts of anybody kept ready, least recently used dropped first."""
VETTED_KEPT = 1_000
"""Documents of mini-app releases and of registrations kept ready, likewise; nobody's texts push them out."""

_ID = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Document:
    """One operation, ready to run."""

    id: str
    text: str
    ast: DocumentNode
    operation: OperationDefinitionNode
    scopes: DocumentScopes
    cost: Cost = field(default_factory=Cost)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of its variables."""

    def cost_of(self, variables: Mapping[str, Any]) -> int:
        """Return what it costs with these variables, in points."""
        return self.cost.at({**self.defaults, **variables}) if self.cost.terms else self.cost.constant

    @property
    def kind(self) -> OperationKind:
        """``query``, ``mutation`` or ``subscription``."""
        return self.scopes.kind


class DocumentError(GraphQLError):
    """A document that does not parse or validate, with every error and its location."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        """Keep all the errors; the first one's text stands for them."""
        super().__init__(
            errors[0].message, nodes=errors[0].nodes, source=errors[0].source, positions=errors[0].positions
        )
        self.errors = errors

    @property
    def summary(self) -> str:
        """The first ten errors in a line, each with its place."""
        return "; ".join(_located(item) for item in self.errors[:10])


class Documents:
    """Everything the engine can run: trusted documents by id and, where allowed, texts as they come."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        hide_suggestions: bool = True,
        introspection: bool = True,
        look_up: LookUp | None = None,
    ) -> None:
        """Serve documents of one schema within the limits.

        Args:
            hide_suggestions: leave “Did you mean …?” out of errors, which would tell the schema name by name.
            introspection: let documents ask for the schema itself.
            look_up: asks the registry for the texts of documents; None: there is none.
        """
        self.schema = schema
        self.limits = limits or Limits()
        self._rules = validation_rules(self.limits.comparisons)
        self._hide_suggestions = hide_suggestions
        if not introspection:
            self._rules = (*self._rules, NoSchemaIntrospectionCustomRule)
        self._trusted: dict[str, Document] = {}
        self.registered = Registered(self.vetted, look_up)
        self._vetted: OrderedDict[str, Document] = OrderedDict()
        self._compiled: OrderedDict[str, Document] = OrderedDict()

    def register(self, text: str) -> Document:
        """Trust a document: from now on its id runs it.

        Raises:
            DocumentInvalid: it does not parse, does not fit the schema or holds more than one operation.
            DocumentTooCostly: it is beyond a limit, or some variables would make it so.
        """
        document = self.vetted(text)
        self._trusted[document.id] = document
        return document

    def register_client(self) -> list[Document]:
        """Trust the reference mobile client's operations that are part of this distribution."""
        folder = resources.files("shimin_graphql") / "operations"
        files = sorted(
            (item for item in folder.iterdir() if item.name.endswith(".graphql")), key=lambda item: item.name
        )
        return [self.register(item.read_text("utf-8")) for item in files]

    def trusted(self, document_id: str) -> Document:
        """Return the trusted document of that id.

        Raises:
            DocumentUnknown: nobody registered it.
        """
        try:
            return self._trusted[document_id]
        except KeyError:
            raise DocumentUnknown from None

    async def find(self, document_id: str) -> Document:
        """Return the trusted document of that id, wherever it was registered.

        Raises:
            DocumentIdInvalid: it is no id.
            DocumentUnknown: nobody registered it, or it was retired.
            DocumentOutdated: it no longer fits the schema.
        """
        document = self._trusted.get(document_id)
        if document is not None:
            return document
        if not _ID.fullmatch(document_id):
            raise DocumentIdInvalid
        return await self.registered.find(document_id)

    def vetted(self, text: str) -> Document:
        """Return a document that somebody answers for made ready to run: one for each id, however often it is read.

        Raises:
            DocumentInvalid: it does not parse, does not fit the schema or holds more than one operation.
            DocumentTooCostly: it is beyond a limit, or some variables would make it so.
        """
        document_id = sha256_id(text)
        document = self._vetted.get(document_id)
        if document is None:
            try:
                document = self._trustworthy(text)
            except DocumentError as error:
                raise DocumentInvalid(reason=error.summary) from None
            self._vetted[document_id] = document
            if len(self._vetted) > VETTED_KEPT:
                self._vetted.popitem(last=False)
        else:
            self._vetted.move_to_end(document_id)
        return document

    def faults(self, text: str) -> list[DocumentFault]:
        """Return everything that keeps a document from being trusted, each with its place."""
        try:
            self._trustworthy(text)
        except DocumentError as error:
            return [_fault(item) for item in error.errors]
        except DocumentTooCostly as refusal:
            return [DocumentFault(say_refusal(refusal, "en"))]
        return []

    def compile(self, text: str, operation_name: str | None = None) -> Document:
        """Return a text made ready to run, from the cache where it was seen before.

        Raises:
            DocumentError: with every syntax or validation error.
            DocumentTooCostly: it is beyond a limit, found before validation could be made slow.
        """
        key = _key(text, operation_name)
        document = self._compiled.get(key)
        if document is None:
            document = self._compiled[key] = self._read(text, operation_name)
            if len(self._compiled) > ADHOC_KEPT:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(key)
        return document

    def is_ready(self, text: str, operation_name: str | None = None) -> bool:
        """Tell whether a text has been made ready to run, so that running it costs no reading."""
        return _key(text, operation_name) in self._compiled

    def _trustworthy(self, text: str) -> Document:
        """Return a document that is within the limits whatever its variables are."""
        document = self._read(text)
        check_cost(document.cost.most, self.limits)
        return document

    def _read(self, text: str, operation_name: str | None = None) -> Document:
        ast = self._parse(text)
        costs = check_limits(ast, self.schema, self.limits)
        errors = validate(self.schema, ast, self._rules, max_errors=20, hide_suggestions=self._hide_suggestions)
        if errors:
            if isinstance(errors[-1], ValidationAbortedError) and len(errors) <= 20:  # noqa: PLR2004 - not for too many
                raise _beyond("comparisons", self.limits)
            raise DocumentError(errors)
        operation = _pick(ast, operation_name)
        document_id = sha256_id(text)
        scopes = DocumentScopes(
            document_id=document_id,
            name=operation.name.value if operation.name else "",
            kind=operation.operation.value,
            fields=personal_fields(self.schema, ast, operation),
        )
        only = [n for n in ast.definitions if n is operation or isinstance(n, FragmentDefinitionNode)]
        cost = costs[next(place for place, node in enumerate(ast.definitions) if node is operation)]
        ast = DocumentNode(definitions=tuple(only))
        return Document(document_id, text, ast, operation, scopes, cost, defaults_of(operation))

    def _parse(self, text: str) -> DocumentNode:
        check_text(text, self.limits)
        try:
            return parse(text, max_tokens=self.limits.tokens)
        except GraphQLError as error:
            if "more than" in error.message and "tokens" in error.message:
                raise _beyond("tokens", self.limits) from None
            if "nested too deeply" in error.message:
                raise _beyond("nesting", self.limits) from None
            raise DocumentError([error]) from None


def _key(text: str, operation_name: str | None) -> str:
    return f"{operation_name or ''}\n{text}"


def _beyond(limit: str, limits: Limits) -> DocumentTooCostly:
    """Return the refusal of a document whose measuring stopped at a limit."""
    allowed: int = getattr(limits, limit)
    return DocumentTooCostly(limit=limit, found=allowed + 1, allowed=allowed)


def _pick(ast: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation to run: the only one, or the one of that name."""
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name and node.name.value == name)]
    if len(chosen) != 1:
        hint = "name one of them in operationName" if name is None and operations else "no operation of that name"
        raise DocumentError([GraphQLError(f"the document holds {len(operations)} operations: {hint}")])
    return chosen[0]


def _fault(error: GraphQLError) -> DocumentFault:
    for place in error.locations or ():
        return DocumentFault(error.message, place.line, place.column)
    return DocumentFault(error.message)


def _located(error: GraphQLError) -> str:
    """Write an error with where it is."""
    where = ", ".join(f"{place.line}:{place.column}" for place in error.locations or ())
    return f"{error.message} ({where})" if where else error.message
