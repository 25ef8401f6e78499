"""How a query is answered: which root fields one statement works out, which are kept, which run their resolvers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
)

from shimin.db.compiled import Compiled
from shimin.db.dialect import Dialect
from shimin.kit.call import Call, Locale
from shimin_graphql.engine.compile import Compiler, Root
from shimin_graphql.engine.documents import Document
from shimin_graphql.engine.mapping import definition_of, mapping_of
from shimin_graphql.engine.pieces import NotMapped, Parameter, Variables
from shimin_graphql.engine.selection import Selections, deciding_variables
from shimin_graphql.engine.variables import DeclaredVariables
from shimin_graphql.types.access import Access
from shimin_graphql.types.base import CHANGED_BY

SHAPES_MAX = 64
"""Plans kept of one document: languages times what its directives and paging arguments can come to."""


_OPEN = '{"data":{'


@dataclass(frozen=True, slots=True)
class Statement:
    """Root fields that one statement works out."""

    keys: tuple[str, ...]
    compiled: Compiled
    parameters: Sequence[Parameter]
    allows: tuple[Access, ...]
    callers: frozenset[str]

    def admits(self, call: Call) -> bool:
        """Tell whether the caller passes every rule; if not, the resolvers say which one and how."""
        return (not self.callers or call.actor.kind in self.callers) and all(rule.admits(call) for rule in self.allows)


@dataclass(frozen=True, slots=True)
class Kept:
    """A root field whose answer is the same for everybody until a fact changes it."""

    key: str
    changed_by: frozenset[str]
    statement: Statement | None
    """None: its resolver runs when it is not kept."""
    resolved: Document | None
    """The document that asks for it alone, where its resolver runs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One document in one language and shape."""

    openings: tuple[tuple[str, bytes], ...]
    """Response keys in order, each with the bytes that come before its value."""
    private: Statement | None
    """What depends on who asks; with fragments kept nowhere, all that compiles."""
    kept: tuple[Kept, ...]
    resolved: Document | None
    """The rest: a document of those root fields whose resolvers run."""
    reasons: Mapping[str, str]
    """Why a root field is not compiled, by response key."""

    @property
    def public(self) -> bool:
        """Whether nothing of it depends on who asks."""
        return self.private is None and self.resolved is None

    @property
    def worth_it(self) -> bool:
        """Whether anything of it is compiled or kept."""
        return self.private is not None or bool(self.kept)


class Planner:
    """Plans one document; each language and shape once."""

    def __init__(self, schema: GraphQLSchema, document: Document, dialect: Dialect, *, keep: bool) -> None:
        """Plan a query for one engine.

        Args:
            keep: whether root fields that are the same for everybody are planned apart, to be kept.
        """
        self._schema = schema
        self._document = document
        self._dialect = dialect
        self._keep = keep
        self.variables = DeclaredVariables(schema, document.operation)
        self._flags, self._paging = deciding_variables(document.ast, document.operation)
        self._plans: dict[tuple[object, ...], Plan | None] = {}

    def plan(self, locale: Locale, variables: Variables) -> Plan | None:
        """Return the plan for these variables, or None where the resolvers do all of it."""
        flags = [variables.get(name) for name in self._flags]
        if None in flags:  # a directive that is asked with null is an error, told where it stands
            return None
        shape = (
            locale,
            *flags,
            *[variables.get(name) is None for name in self._paging],
        )
        try:
            return self._plans[shape]
        except KeyError:
            if len(self._plans) >= SHAPES_MAX:
                return None
            made = self.draw(locale, variables)
            self._plans[shape] = made if made.worth_it else None
            return self._plans[shape]

    def draw(self, locale: Locale, variables: Variables) -> Plan:
        """Return a new plan for these variables, also where nothing of it is compiled."""
        flags = {name: bool(variables.get(name)) for name in self._flags}
        nulls = {name: variables.get(name) is None for name in self._paging}
        selections = Selections(self._schema, self._document.ast, flags)
        query = self._schema.query_type
        if query is None:
            raise AssertionError
        asked = selections.fields(query, [self._document.operation.selection_set])

        def compiler() -> Compiler:
            return Compiler(selections, self._dialect, locale, nulls)

        private: list[tuple[str, Sequence[FieldNode]]] = []
        kept: list[Kept] = []
        resolved: list[str] = []
        reasons: dict[str, str] = {}
        for key, nodes in asked.items():
            try:
                trial = compiler()
                root = trial.root(query, key, nodes)
            except NotMapped as reason:
                reasons[key] = str(reason)
                facts = _declared_facts(query.fields.get(nodes[0].name.value))
                if self._keep and facts:
                    kept.append(Kept(key, facts, None, self._part({key: nodes})))
                else:
                    resolved.append(key)
                continue
            if self._keep and not root.personal:
                kept.append(Kept(key, root.changed_by, _statement(trial, [root], self._dialect), None))
            else:
                private.append((key, nodes))
        together = compiler()
        roots = [together.root(query, key, nodes) for key, nodes in private]
        return Plan(
            openings=tuple((key, f'{"," if place else _OPEN}"{key}":'.encode()) for place, key in enumerate(asked)),
            private=_statement(together, roots, self._dialect) if roots else None,
            kept=tuple(kept),
            resolved=self._part({key: asked[key] for key in resolved}) if resolved else None,
            reasons=reasons,
        )

    def _part(self, asked: Mapping[str, Sequence[FieldNode]]) -> Document:
        """Return the document that asks for some root fields alone."""
        nodes = tuple(node for group in asked.values() for node in group)
        operation = OperationDefinitionNode(
            operation=self._document.operation.operation,
            name=self._document.operation.name,
            variable_definitions=self._document.operation.variable_definitions,
            directives=self._document.operation.directives,
            selection_set=SelectionSetNode(selections=nodes),
        )
        fragments = [n for n in self._document.ast.definitions if isinstance(n, FragmentDefinitionNode)]
        return replace(self._document, ast=DocumentNode(definitions=(operation, *fragments)), operation=operation)


def _statement(compiler: Compiler, roots: Sequence[Root], dialect: Dialect) -> Statement:
    kinds = [item.kind for item in compiler.parameters]
    allows = tuple(dict.fromkeys(rule for root in roots for rule in root.allows))
    restricted = [root.callers for root in roots if root.callers]
    callers = frozenset.intersection(*restricted) if restricted else frozenset()
    return Statement(
        keys=tuple(root.key for root in roots),
        compiled=Compiled([root.sql for root in roots], kinds, dialect),
        parameters=tuple(compiler.parameters),
        allows=allows,
        callers=callers,
    )


def _declared_facts(item: object) -> frozenset[str]:
    """Return the facts after which a resolver's public answer changes, where its field declares them."""
    definition = definition_of(item) if item is not None else None  # type: ignore[arg-type]
    return frozenset(getattr(definition, "metadata", {}).get(CHANGED_BY, ()))


def public_facts(schema: GraphQLSchema) -> frozenset[str]:
    """Return every fact after which some public answer is another one."""
    found: set[str] = set()
    for kind in schema.type_map.values():
        for item in getattr(kind, "fields", {}).values() if isinstance(kind, GraphQLObjectType) else ():
            found |= _declared_facts(item)
            found |= set(getattr(getattr(mapping_of(item), "view", None), "changed_by", ()))
    return frozenset(found)
