"""Bounds for documents, worked out in one pass that visits each fragment once, before validation.

Whatever makes parsing, validation or execution slow has a limit here; what was written is counted as it is met, what
a document comes to once its fragments are expanded is summed up without expanding them. Trusted documents are measured
at registration by the same rules, so that nobody registers what could stall a server.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.type.introspection import SchemaMetaFieldDef, TypeMetaFieldDef

from shimin_graphql.engine.cost import (
    INTROSPECTION_DISCOUNT,
    LIST_SIZE_ASSUMED,
    MANY,
    Cost,
    inclusion,
    introspection_share,
    is_list,
    page_size,
    points,
    total,
    weight_of,
)
from shimin_graphql.engine.errors import DocumentTooCostly
from shimin_graphql.engine.values import ValueLimits, check_literal


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a document may hold; each name is what a refusal says."""

    text_chars: int = 32_768
    lines: int = 2_000
    """To say where an error is, the lines before it are counted."""
    tokens: int = 2_000
    operations: int = 10
    fragments: int = 50
    spreads: int = 100
    """Fragment spreads and inline fragments, as written."""
    variables: int = 50
    arguments: int = 200
    nesting: int = 60
    """Selections inside of selections, those of fragments included."""
    depth: int = 15
    """Fields inside of fields."""
    fields: int = 800
    """Fields and spreads after expanding fragments: what execution would visit per object."""
    root_fields: int = 30
    aliases: int = 100
    directives: int = 100
    comparisons: int = 5_000
    """Comparisons of fields of the same name, which may have to be merged (specification section 5.3.2)."""
    cost: int = 10_000
    """Points; see ``engine/cost.py``."""
    values: ValueLimits = field(default_factory=ValueLimits)


@dataclass(slots=True)
class Held:
    """What a selection holds once its fragments are expanded; numbers saturate instead of growing without bound."""

    nesting: int = 0
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    cost: Cost = field(default_factory=Cost)
    paged: Cost = field(default_factory=Cost)
    """The cost of each element of a page, where the field above says how large the page is."""

    def add(self, other: "Held") -> None:
        """Add what stands beside."""
        self.nesting = max(self.nesting, other.nesting)
        self.depth = max(self.depth, other.depth)
        self.fields = min(self.fields + other.fields, MANY)
        self.aliases = min(self.aliases + other.aliases, MANY)
        self.directives = min(self.directives + other.directives, MANY)
        self.root_fields = min(self.root_fields + other.root_fields, MANY)


_NOTHING = Held()


def check_limits(document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> dict[int, Cost]:
    """Go on only if every operation of the document is within the limits; return each one's cost by its place.

    A cost that variables decide is not compared here: the caller knows the variables.

    Raises:
        DocumentTooCostly: names the limit, what was found (saturating) and what is allowed.
    """
    scale = _Scale(document, schema, limits)
    costs: dict[int, Cost] = {}
    for place, node in enumerate(document.definitions):
        if isinstance(node, FragmentDefinitionNode):
            scale.definition(node)
        elif isinstance(node, OperationDefinitionNode):
            held = scale.operation(node)
            for name in ("nesting", "depth", "fields", "aliases", "directives", "root_fields"):
                _check(name, getattr(held, name), getattr(limits, name))
            costs[place] = held.cost
            if not held.cost.terms:
                check_cost(held.cost.constant, limits)
    return costs


def check_text(text: str, limits: Limits) -> None:
    """Go on only if a text is short enough to be parsed.

    Raises:
        DocumentTooCostly: names the limit.
    """
    _check("text_chars", len(text), limits.text_chars)
    _check("lines", text.count("\n") + text.count("\r") + 1, limits.lines)


def check_cost(found: int, limits: Limits) -> None:
    """Go on only if a document costs no more than one may.

    Raises:
        DocumentTooCostly: names the cost, and what is allowed.
    """
    _check("cost", found, limits.cost)


def _check(name: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise DocumentTooCostly(limit=name, found=found, allowed=allowed)


class _Scale:
    """Weighs the definitions of one document, each fragment once however often it is spread."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> None:
        self.schema = schema
        self.limits = limits
        self.fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self.known: dict[str, Held] = {}
        self.open: set[str] = set()
        self.written: dict[str, int] = {}
        self.level = 0

    def count(self, name: str, number: int = 1) -> None:
        """Count what is limited as it is written."""
        self.written[name] = found = self.written.get(name, 0) + number
        _check(name, found, getattr(self.limits, name))

    def operation(self, node: OperationDefinitionNode) -> Held:
        """Weigh an operation."""
        self.count("operations")
        self.count("variables", len(node.variable_definitions or ()))
        for variable in node.variable_definitions or ():
            if variable.default_value is not None:
                check_literal(variable.default_value, self.limits.values)
            self.marks(variable.directives)
        marks = self.marks(node.directives)
        held = self.selection(node.selection_set, self.schema.get_root_type(node.operation))
        held.directives += marks
        held.cost = total((held.cost, held.paged.times(LIST_SIZE_ASSUMED)))
        return held

    def definition(self, node: FragmentDefinitionNode) -> None:
        """Weigh a fragment wherever it stands, also one that nothing spreads or that has another one's name."""
        self.count("fragments")
        self.marks(node.directives)
        if self.fragments[node.name.value] is node:
            self.fragment(node.name.value)
        else:
            self.selection(node.selection_set, None)

    def fragment(self, name: str) -> Held:
        """Weigh a fragment by its name; one that is unknown or spreads itself adds nothing: validation names it."""
        if name in self.known:
            return self.known[name]
        node = self.fragments.get(name)
        if node is None or name in self.open:
            return _NOTHING
        self.open.add(name)
        held = self.selection(node.selection_set, self.schema.get_type(node.type_condition.name.value))
        self.open.discard(name)
        self.known[name] = held
        return held

    def selection(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Held:
        """Weigh a selection set."""
        if selected is None:
            return Held()
        self.level += 1
        _check("nesting", self.level, self.limits.nesting)
        held, costs, paged = Held(), [], []
        for node in selected.selections:
            one = self.selected(node, parent)
            held.add(one)
            factor = inclusion(node.directives) if node.directives else 1
            costs.append(one.cost.times(factor))
            paged.append(one.paged.times(factor))
        held.nesting += 1
        held.cost, held.paged = total(costs), total(paged)
        self.level -= 1
        return held

    def selected(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Held:
        """Weigh one field or spread."""
        marks = self.marks(node.directives)
        if isinstance(node, FieldNode):
            held = self.field(node, parent)
        else:
            self.count("spreads")
            held = Held()
            if isinstance(node, FragmentSpreadNode):
                inner = self.fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode) and node.type_condition:
                inner = self.selection(node.selection_set, self.schema.get_type(node.type_condition.name.value))
            else:
                inner = self.selection(getattr(node, "selection_set", None), parent)
            held.add(inner)
            held.fields += 1
            held.cost, held.paged = inner.cost, inner.paged
        held.directives += marks
        return held

    def field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Held:
        """Weigh a field with what is asked below it."""
        self.arguments(node)
        item = self.find(parent, node.name.value)
        below = self.selection(node.selection_set, get_named_type(item.type) if item else None)
        held = Held(
            nesting=below.nesting,
            depth=below.depth + 1,
            fields=min(below.fields + 1, MANY),
            aliases=min(below.aliases + (node.alias is not None), MANY),
            directives=below.directives,
            root_fields=1,
        )
        if parent is not None and parent.name.startswith("__"):
            held.cost = points(1 + introspection_share(below.cost.most, node.name.value, item))
        elif item in _INTROSPECTION:
            held.cost = points(1 + below.cost.most // INTROSPECTION_DISCOUNT)
        else:
            self.price(held, below, node, item, parent)
        return held

    def price(
        self, held: Held, below: Held, node: FieldNode, item: GraphQLField | None, parent: GraphQLNamedType | None
    ) -> None:
        """Say what a field costs, and which part of that the page size of the field above multiplies."""
        weight = weight_of(item, parent)
        size = page_size(node, item)
        own = points(weight.cost)
        inner = total((below.cost, below.paged.times(LIST_SIZE_ASSUMED if size is None else size)))
        if not is_list(item):
            held.cost = total((own, inner))
        elif parent is not None and parent.name.endswith("Connection") and node.name.value in {"edges", "nodes"}:
            held.cost, held.paged = own, inner
        else:
            held.cost = total((own, total((below.cost, below.paged)).times(weight.size if size is None else size)))

    def find(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        """Return the schema's field of that name, or None: validation says so."""
        if parent is self.schema.query_type and name in {"__schema", "__type"}:
            return SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef
        return parent.fields.get(name) if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)) else None

    def arguments(self, node: FieldNode | DirectiveNode) -> None:
        """Count the arguments and bound their values."""
        if node.arguments:
            self.count("arguments", len(node.arguments))
            for argument in node.arguments:
                check_literal(argument.value, self.limits.values)

    def marks(self, directives: Sequence[DirectiveNode] | None) -> int:
        """Return how many directives there are; count them as written, and their arguments."""
        if not directives:
            return 0
        self.count("directives", len(directives))
        for directive in directives:
            self.arguments(directive)
        return len(directives)


_INTROSPECTION = (SchemaMetaFieldDef, TypeMetaFieldDef)
