"""Tier 1: root fields that are backed by rows become expressions that work out their JSON where the rows lie.

An expression answers or stands aside: whatever would be an error in the response (a refusal, a null where none may be,
a cursor nobody gave out) is left to the resolvers, which say it exactly. So a compiled answer has data and no errors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
)

from shimin.db import ActorValue, Place, Value, View, rule_sql
from shimin.db.compiled import place
from shimin.db.dialect import Dialect, Sql
from shimin.db.reading import Terms
from shimin.db.value import ITEM, NOW, Now
from shimin.db.view import Everyone, Kind
from shimin.kit.call import Locale
from shimin_graphql.engine.mapping import (
    Argument,
    Counted,
    Each,
    LaterThanNow,
    Leaf,
    Linked,
    Listed,
    Mapped,
    One,
    Pages,
    Part,
    Source,
    Term,
    attribute_of,
    definition_of,
    mapping_of,
    object_type,
    required_row_fields,
)
from shimin_graphql.engine.paging import Page, Slicing
from shimin_graphql.engine.pieces import NULL, NotMapped, Parameter, Pieces, Raw, Read, StandAside, closed, member
from shimin_graphql.engine.selection import Given, Selections, given
from shimin_graphql.types.base import Access, AccessExtension

KINDS: Mapping[str, frozenset[str]] = {
    "String": frozenset({"text", "id"}),
    "ID": frozenset({"text", "id"}),
    "Int": frozenset({"integer"}),
    "Boolean": frozenset({"flag"}),
    "MinorUnits": frozenset({"money"}),
    "DateTime": frozenset({"instant"}),
    "Date": frozenset({"date"}),
    "JSON": frozenset({"document"}),
}
"""What a scalar of the schema may show."""


@dataclass(slots=True)
class Root:
    """One root field, compiled."""

    key: str
    sql: str = ""
    allows: list[Access] = field(default_factory=list)
    """The rules of every field in it; all of them must let the caller pass."""
    callers: frozenset[str] = frozenset()
    """The kinds of actor it holds for; empty: all."""
    personal: bool = False
    """Whether anything in it depends on who asks, or when."""
    changed_by: frozenset[str] = frozenset()
    """The facts after which it would say something else; meaningful where it is not personal."""


class Compiler:
    """Compiles root fields of one document for one engine, language and shape of variables."""

    def __init__(self, selections: Selections, dialect: Dialect, locale: Locale, nulls: Mapping[str, bool]) -> None:
        """Compile for a document whose selections are decided.

        Args:
            nulls: for each variable of a paging argument, whether it is null or not given.
        """
        self.selections = selections
        self._dialect = dialect
        self._locale = locale
        self.nulls = nulls
        self.parameters: list[Parameter] = []
        self._aliases = 0
        self._root = Root("")

    def root(self, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Root:
        """Return a root field as an expression.

        Raises:
            NotMapped: it cannot be compiled.
        """
        self._root = Root(key)
        item = parent.fields.get(nodes[0].name.value)
        if item is None:
            raise NotMapped(f"{nodes[0].name.value} is answered from the schema")
        mapped = mapping_of(item)
        if mapped is None or isinstance(mapped, Leaf | Part | Each | Linked):
            raise NotMapped(f"{parent.name}.{nodes[0].name.value} is worked out by its resolver")
        self._note_rules(item)
        self._root.sql = self.text(self._source(item, mapped, nodes))
        return self._root

    # ---- objects and leaves ----------------------------------------------------------------------------------------

    def shown(
        self, kind: GraphQLObjectType, nodes: Iterable[FieldNode], at: Place, mapped: Mapping[str, Mapped]
    ) -> Pieces:
        """Return an object made of the row that lies there."""
        pieces: Pieces = []
        for key, asked in self.selections.below(kind, nodes).items():
            pieces.append(member(key, first=not pieces))
            name = asked[0].name.value
            if name == "__typename":
                pieces.append(Raw(f'"{kind.name}"'))
                continue
            item = kind.fields[name]
            found = mapped.get(attribute_of(item))
            if found is None:
                raise NotMapped(f"{kind.name}.{name} is worked out by its resolver")
            self._note_rules(item)
            pieces += self._field(item, found, asked, at)
        return closed(pieces)

    def _field(self, item: GraphQLField, mapped: Mapped, nodes: Sequence[FieldNode], at: Place) -> Pieces:
        match mapped:
            case Leaf(value):
                return [self._leaf(item.type, value.sql(at))]
            case Part(values):
                return self.shown(object_type(item.type), nodes, at, _leaves(values))
            case Each(column, values):
                return [self._each(item, column, values, nodes, at)]
            case Linked():
                return [self._linked(item, mapped, nodes, at)]
            case _:
                return self._source(item, mapped, nodes)

    def _leaf(self, kind: GraphQLOutputType, value: Sql) -> str:
        """Return a value as JSON text, exactly as its GraphQL type shows it."""
        null = self._dialect.broken if is_non_null_type(kind) else "'null'"
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            if value.kind != "document" or get_named_type(inner).name not in {"String", "ID", "JSON"}:
                raise NotMapped(f"a list of {get_named_type(inner).name} is worked out by its resolver")
            return self._dialect.json(value, null=null)
        if isinstance(inner, GraphQLEnumType):
            return self._dialect.choice(value, _enum_names(inner), null=null)
        if not isinstance(inner, GraphQLScalarType) or value.kind not in KINDS.get(inner.name, ()):
            raise NotMapped(f"{get_named_type(kind).name} cannot show a column that is {value.kind}")
        return self._dialect.json(value, null=null)

    def _each(
        self, item: GraphQLField, column: str, values: Mapping[str, Value], nodes: Sequence[FieldNode], at: Place
    ) -> str:
        alias = self._alias("e")
        each = self._place(ITEM, alias)
        one = self.text(self.shown(object_type(item.type), nodes, each, _leaves(values)))
        rows = self._dialect.items(at.column(column).text, alias)
        return self.text([Raw("["), f"(SELECT {self._dialect.joined(one)} FROM {rows})", Raw("]")])  # noqa: S608

    def _linked(self, item: GraphQLField, mapped: Linked, nodes: Sequence[FieldNode], at: Place) -> str:
        """Return the linked row, looked up where the row that names it lies."""
        kind = object_type(item.type)
        inner = self._place(mapped.view, self._alias("t"))
        one = self.text(self.shown(kind, nodes, inner, required_row_fields(kind)))
        rows = self.rows(
            mapped.view, inner, [(mapped.key, at.column(mapped.column).text)], tail=" LIMIT 1", where={}, node=None
        )
        return self._or_null(item, f"(SELECT {one} FROM {rows})")  # noqa: S608 - rendered from declarations

    def _or_null(self, item: GraphQLField, found: str) -> str:
        return f"coalesce({found}, {self._dialect.broken if is_non_null_type(item.type) else NULL})"

    # ---- where rows come from --------------------------------------------------------------------------------------

    def _source(self, item: GraphQLField, mapped: Source | Mapped, nodes: Sequence[FieldNode]) -> Pieces:
        match mapped:
            case One(view, where, callers):
                self._root.callers = callers
                self._root.personal |= bool(callers)
                kind = object_type(item.type)
                at = self._place(view, self._alias("t"))
                one = self.text(self.shown(kind, nodes, at, required_row_fields(kind)))
                rows = self.rows(view, at, [], tail=" LIMIT 1", where=where, node=(item, nodes[0]))
                return [self._or_null(item, f"(SELECT {one} FROM {rows})")]  # noqa: S608 - rendered from declarations
            case Pages():
                return Page(self, mapped, item, nodes[0], self._place(mapped.view, self._alias("t"))).pieces(nodes)
            case Listed(view, order, where):
                kind = object_type(item.type)
                at = self._place(view, self._alias("t"))
                one = self.text(self.shown(kind, nodes, at, required_row_fields(kind)))
                size = self.size(Slicing.of(item, nodes[0], ("first",)))
                tail = f"{self.order(view, at, view.terms(order))} LIMIT {size}"
                rows = self.rows(view, at, [], tail=tail, where=where, node=(item, nodes[0]))
                return [Raw("["), f"(SELECT {self._dialect.joined(one)} FROM {rows})", Raw("]")]  # noqa: S608
            case Counted(view, where):
                at = self._place(view, self._alias("t"))
                rows = self.rows(view, at, [], tail="", where=where, node=(item, nodes[0]))
                return [f"(SELECT CAST(count(*) AS TEXT) FROM {rows})"]  # noqa: S608 - rendered from declarations
            case _:
                raise NotMapped("it shows a row and no row lies above it")

    def rows(
        self,
        view: View,
        at: Place,
        equal: Sequence[tuple[str, str]],
        *,
        tail: str,
        where: Mapping[str, Term],
        node: tuple[GraphQLField, FieldNode] | None,
        more: Sequence[str] = (),
    ) -> str:
        """Return a FROM clause: the view's rows that the caller may see and that meet the conditions."""
        inner = f"{at.alias}r"
        if not isinstance(view.visible, Everyone) or not view.changed_by:
            self._root.personal = True
        self._root.changed_by |= set(view.changed_by)
        conditions = [rule_sql(view.visible, inner, self._bind)]
        conditions += [f"{view.ref(inner, name)} = {text}" for name, text in equal]
        conditions += [self._condition(view, inner, name, term, node) for name, term in where.items()]
        conditions += more
        columns = ", ".join(f'{view.ref(inner, name)} AS "{name}"' for name in sorted(at.used)) or "1 AS one"
        source = f"SELECT {columns} FROM {view.source(inner)} WHERE {' AND '.join(conditions)}{tail}"  # noqa: S608
        return f"({source}) AS {at.alias}"

    def _condition(
        self, view: View, alias: str, name: str, term: Term, node: tuple[GraphQLField, FieldNode] | None
    ) -> str:
        left, kind = view.ref(alias, name), view.columns[name].kind
        match term:
            case None:
                return f"{left} IS NULL"
            case Argument(argument) if node is not None:
                value = given(node[1], argument, node[0].args[argument])
                return f"{left} = {self._argument(argument, value, kind)}"
            case ActorValue():
                return f"{left} = {self._bind(term)}"
            case LaterThanNow():
                return f"{left} > {self._bind(NOW)}"
            case _:
                return f"{left} = {self._dialect.literal(str(term))}"

    def order(self, view: View, at: Place, terms: Terms) -> str:
        """Return an ORDER BY clause."""
        written = (f"{view.ref(f'{at.alias}r', name)} {direction.upper()}" for name, direction in terms)
        return f" ORDER BY {', '.join(written)}"

    # ---- values ----------------------------------------------------------------------------------------------------

    def _bind(self, value: ActorValue | Now) -> str:
        self._root.personal = True
        if isinstance(value, Now):
            return self.parameter(value, "instant", lambda seen, _: seen.now, of_caller=True)
        kind: Kind = "flag" if value.is_flag else "id"
        return self.parameter(value, kind, lambda seen, _: value.read(seen.call), of_caller=True)

    def _argument(self, name: str, value: Given, kind: Kind) -> str:
        if value.variable is None:
            return self.parameter((name, value.constant, kind), kind, lambda _, __: _storable(value.constant))
        return self.parameter(("$", value, kind), kind, lambda _, variables: _storable(value.read(variables)))

    def size(self, slicing: Slicing) -> str:
        """Return the mark of how many rows are wanted."""
        return self.parameter(("size", slicing), "integer", lambda _, variables: slicing.read(variables).size)

    def parameter(self, key: object, kind: Kind, read: Read, *, of_caller: bool = False) -> str:
        """Return the mark of a value; the same value is passed once."""
        for number, known in enumerate(self.parameters, 1):
            if known.key == key:
                return place(number)
        self.parameters.append(Parameter(key, kind, read, of_caller))
        return place(len(self.parameters))

    def _place(self, view: View, alias: str) -> Place:
        return Place(view, alias, self._dialect, self._locale, self._bind, set())

    def _alias(self, letter: str) -> str:
        self._aliases += 1
        return f"{letter}{self._aliases}"

    def _note_rules(self, item: GraphQLField) -> None:
        """Take a field's rule into the plan; a field that does more than check a rule is not compiled."""
        for extension in definition_of(item).extensions:
            if not isinstance(extension, AccessExtension):
                raise NotMapped(f"{attribute_of(item)} runs {type(extension).__name__}")
            if extension.access not in self._root.allows:
                self._root.allows.append(extension.access)

    def text(self, pieces: Pieces) -> str:
        """Join pieces into one expression; what is known already is joined beforehand."""
        merged: list[str | Raw] = []
        for piece in pieces:
            if merged and isinstance(piece, Raw) and isinstance(merged[-1], Raw):
                merged[-1] = Raw(merged[-1].text + piece.text)
            else:
                merged.append(piece)
        return self._dialect.concat(
            [self._dialect.literal(item.text) if isinstance(item, Raw) else item for item in merged]
        )


def _leaves(values: Mapping[str, Value]) -> Mapping[str, Mapped]:
    return {name: Leaf(value) for name, value in values.items()}


def _storable(value: Any) -> Any:
    """Return a value that can be bound on every engine.

    Raises:
        StandAside: it is a text with NUL, which PostgreSQL does not take.
    """
    if isinstance(value, str) and "\x00" in value:
        raise StandAside
    return value


def _enum_names(kind: GraphQLEnumType) -> Mapping[str, str]:
    """Return each name by the text that rows hold for it."""
    return {str(getattr(item.value, "value", item.value)): name for name, item in kind.values.items()}
