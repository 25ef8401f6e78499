"""Documents by their hash: parsed, bounded, validated and measured once, then only run."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from shimin.kit.digest import sha256_id
from shimin.kit.document import DocumentFault, DocumentScopes, OperationKind
from shimin.kit.text import say_refusal
from shimin_graphql.engine.errors import DocumentInvalid, DocumentTooCostly, DocumentUnknown
from shimin_graphql.engine.limits import Limits, check_limits
from shimin_graphql.engine.registered import LookUp, Registered
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
        look_up: LookUp | None = None,
    ) -> None:
        """Serve documents of one schema within the limits.

        Args:
            look_up: asks the registry for the texts of documents; None: there is none.
        """
        self.schema = schema
        self._limits = limits or Limits()
        self._hide_suggestions = hide_suggestions
        self._trusted: dict[str, Document] = {}
        self.registered = Registered(self.vetted, look_up)
        self._vetted: OrderedDict[str, Document] = OrderedDict()
        self._compiled: OrderedDict[str, Document] = OrderedDict()
        self.distributed: Sequence[Document] = ()
        """The operations that come with this version."""

    def register(self, text: str) -> Document:
        """Trust a document: from now on its id runs it.

        Raises:
            DocumentInvalid: it does not parse, does not fit the schema or holds more than one operation.
            DocumentTooCostly: it is beyond a limit.
        """
        document = self.vetted(text)
        self._trusted[document.id] = document
        return document

    def register_client(self) -> None:
        """Trust the reference mobile client's operations that are part of this distribution."""
        folder = resources.files("shimin_graphql") / "operations"
        files = sorted(
            (item for item in folder.iterdir() if item.name.endswith(".graphql")), key=lambda item: item.name
        )
        self.distributed = [self.register(item.read_text("utf-8")) for item in files]

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
            DocumentUnknown: nobody registered it, it was retired, or it is no id at all.
            DocumentOutdated: it no longer fits the schema.
        """
        document = self._trusted.get(document_id)
        if document is not None:
            return document
        if not _ID.fullmatch(document_id):
            raise DocumentUnknown
        return await self.registered.find(document_id)

    def vetted(self, text: str) -> Document:
        """Return a document that somebody answers for made ready to run: one for each id, however often it is read.

        Raises:
            DocumentInvalid: it does not parse, does not fit the schema or holds more than one operation.
            DocumentTooCostly: it is beyond a limit.
        """
        document_id = sha256_id(text)
        document = self._vetted.get(document_id)
        if document is None:
            try:
                document = self._vetted[document_id] = self._read(text)
            except DocumentError as error:
                raise DocumentInvalid(reason=error.summary) from None
            if len(self._vetted) > VETTED_KEPT:
                self._vetted.popitem(last=False)
        else:
            self._vetted.move_to_end(document_id)
        return document

    def faults(self, text: str) -> list[DocumentFault]:
        """Return everything that keeps a document from being trusted, each with its place."""
        try:
            self._read(text)
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
        key = f"{operation_name or ''}\n{text}"
        document = self._compiled.get(key)
        if document is None:
            document = self._compiled[key] = self._read(text, operation_name)
            if len(self._compiled) > ADHOC_KEPT:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(key)
        return document

    def _read(self, text: str, operation_name: str | None = None) -> Document:
        if len(text) > self._limits.text_chars:
            raise DocumentTooCostly(limit="text_chars", found=len(text), allowed=self._limits.text_chars)
        try:
            ast = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            raise DocumentError([error]) from None
        except RecursionError:
            raise DocumentTooCostly(limit="depth", found=self._limits.depth + 1, allowed=self._limits.depth) from None
        check_limits(ast, self._limits)
        errors = validate(self.schema, ast, max_errors=20, hide_suggestions=self._hide_suggestions)
        if errors:
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
        return Document(document_id, text, DocumentNode(definitions=tuple(only)), operation, scopes)


def _pick(ast: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation to run: the only one, or the one of that name."""
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name and node.name.value == name)]
    if len(chosen) != 1:
        hint = "name one of them in operationName" if name is None and operations else "no operation of that name"
        raise DocumentError([GraphQLError(f"the document holds {len(operations)} operations: {hint}")])
    return chosen[0]


def _fault(error: GraphQLError) -> DocumentFault:
    place = (error.locations or [None])[0]
    return DocumentFault(error.message, place.line, place.column) if place else DocumentFault(error.message)


def _located(error: GraphQLError) -> str:
    """Write an error with where it is."""
    where = ", ".join(f"{place.line}:{place.column}" for place in error.locations or ())
    return f"{error.message} ({where})" if where else error.message
