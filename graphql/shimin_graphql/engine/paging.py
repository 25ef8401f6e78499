"""A connection under compilation: the rows of its slice, its edges, and where the page begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shimin.db import Slice
from shimin.db.reading import Terms, keyset, read_cursor, reverse
from shimin.kit.refusal import Refusal
from shimin_graphql.engine.mapping import object_type, required_row_fields
from shimin_graphql.engine.pieces import NULL, NotMapped, Pieces, Raw, StandAside, Variables, closed, member
from shimin_graphql.engine.selection import NOTHING, Given, given

if TYPE_CHECKING:
    from graphql import FieldNode, GraphQLField, GraphQLObjectType

    from shimin.db import Place, Viewpoint
    from shimin_graphql.engine.compile import Compiler
    from shimin_graphql.engine.mapping import Pages


@dataclass(frozen=True, slots=True)
class Slicing:
    """The paging arguments of a field in a document."""

    first: Given = NOTHING
    after: Given = NOTHING
    last: Given = NOTHING
    before: Given = NOTHING

    @classmethod
    def of(cls, item: GraphQLField, node: FieldNode, names: Sequence[str]) -> Slicing:
        """Read them off a field."""
        return cls(**{name: given(node, name, item.args[name]) for name in names})

    def read(self, variables: Variables) -> Slice:
        """Return what they come to; anything the resolvers would refuse is left to them.

        Raises:
            StandAside: it is no slice of a list.
        """
        found = Slice(*(item.read(variables) for item in (self.first, self.after, self.last, self.before)))
        try:
            found.size  # noqa: B018 - it checks
        except Refusal:
            raise StandAside from None
        return found


class Page:
    """A connection under compilation: which rows it needs, numbered or not, and what it says of itself."""

    def __init__(self, compiler: Compiler, mapped: Pages, item: GraphQLField, node: FieldNode, at: Place) -> None:
        """Compile the connection that a field answers with; ``at`` is where its rows lie."""
        self._compiler = compiler
        self._dialect = at.dialect
        self._view, self._order, self._where = mapped.view, mapped.order, mapped.where
        self._item, self._node, self._at = item, node, at
        self._slicing = Slicing.of(item, node, ("first", "after", "last", "before"))
        self._backward = self._is_given(self._slicing.last)
        self._more = False
        self._numbered = self._backward
        self._reads_rows = False
        self._size = compiler.size(self._slicing)

    def _is_given(self, item: Given) -> bool:
        if item.variable is None:
            return item.constant is not None
        return not self._compiler.nulls[item.variable]

    def pieces(self, nodes: Sequence[FieldNode]) -> Pieces:
        """Return the connection.

        Raises:
            NotMapped: something of it is not backed by rows, or nothing of its rows is asked for.
        """
        kind = object_type(self._item.type)
        asked = self._compiler.selections.below(kind, nodes)
        names = {wanted[0].name.value for wanted in asked.values()}
        if strays := names - {"edges", "pageInfo", "__typename"}:
            raise NotMapped(f"{kind.name}.{min(strays)} is worked out by its resolver")
        self._more = self._asks_for_more(kind, asked.values())
        pieces: Pieces = []
        for key, wanted in asked.items():
            pieces.append(member(key, first=not pieces))
            match wanted[0].name.value:
                case "edges":
                    pieces += self._edges(object_type(kind.fields["edges"].type), wanted)
                case "pageInfo":
                    pieces += self._info(object_type(kind.fields["pageInfo"].type), wanted)
                case _:
                    pieces.append(Raw(f'"{kind.name}"'))
        if not self._reads_rows:
            raise NotMapped("nothing of the list is asked for")
        written = self._compiler.text(closed(pieces))
        return [f"(SELECT {written} FROM {self._rows()})"]  # noqa: S608 - rendered from declarations

    def _asks_for_more(self, kind: GraphQLObjectType, asked: Iterable[Sequence[FieldNode]]) -> bool:
        """Tell whether one row beyond the page has to be read, to know that it is there."""
        wanted = "hasPreviousPage" if self._backward else "hasNextPage"
        info = object_type(kind.fields["pageInfo"].type)
        return any(
            below[0].name.value == wanted
            for nodes in asked
            if nodes[0].name.value == "pageInfo"
            for below in self._compiler.selections.below(info, nodes).values()
        )

    def _edges(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Pieces:
        """Return the list of edges."""
        compiler = self._compiler
        self._reads_rows = True
        pieces: Pieces = []
        for key, asked in compiler.selections.below(kind, nodes).items():
            pieces.append(member(key, first=not pieces))
            name = asked[0].name.value
            if name == "node":
                node = object_type(kind.fields[name].type)
                pieces += compiler.shown(node, asked, self._at, required_row_fields(node))
            elif name == "cursor":
                pieces += [Raw('"'), self._cursor(), Raw('"')]
            else:
                pieces.append(Raw(f'"{kind.name}"'))
        one = compiler.text(closed(pieces))
        return [Raw("["), self._dialect.joined(one, self._within()), Raw("]")]

    def _info(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Pieces:
        """Return where the page begins and ends."""
        asked = self._compiler.selections.below(kind, nodes)
        pieces: Pieces = []
        for key, wanted in asked.items():
            pieces.append(member(key, first=not pieces))
            match wanted[0].name.value:
                case "hasNextPage":
                    pieces.append(self._beyond(at_the_end=not self._backward, other=self._slicing.before))
                case "hasPreviousPage":
                    pieces.append(self._beyond(at_the_end=self._backward, other=self._slicing.after))
                case "startCursor":
                    pieces.append(self._edge_cursor(first_read=not self._backward))
                case "endCursor":
                    pieces.append(self._edge_cursor(first_read=self._backward))
                case _:
                    pieces.append(Raw(f'"{kind.name}"'))
        return closed(pieces)

    def _beyond(self, *, at_the_end: bool, other: Given) -> str | Raw:
        """Tell whether rows lie beyond the page: on the side where it was read on, or where its cursor stands."""
        if not at_the_end:
            return Raw("true" if self._is_given(other) else "false")
        self._reads_rows = True
        return f"CASE WHEN count(*) > {self._size} THEN 'true' ELSE 'false' END"

    def _edge_cursor(self, *, first_read: bool) -> str:
        """Return the cursor of the row that was read first, or last, of the page."""
        self._numbered = self._reads_rows = True
        end = "1" if first_read else self._dialect.least(f"{self._at.alias}.c", self._size)
        cursor = f"max(CASE WHEN {self._at.alias}.n = {end} THEN {self._cursor()} END)"
        return f"coalesce('\"' || {cursor} || '\"', {NULL})"

    def _cursor(self) -> str:
        head = self._dialect.literal(f'["{self._view.name}","{self._order}"')
        position = [
            part
            for name, _ in self._view.terms(self._order)
            for part in ("','", self._dialect.in_cursor(self._at.column(name)))
        ]
        return self._dialect.hexed(self._dialect.concat([head, *position, "']'"]))

    def _within(self) -> str:
        return f"{self._at.alias}.n <= {self._size}" if self._more else ""

    def _rows(self) -> str:
        """Return the FROM clause, once everything that is asked of the rows is known."""
        compiler, view, at = self._compiler, self._view, self._at
        terms = view.terms(self._order)
        conditions = []
        if self._is_given(self._slicing.after):
            conditions.append(self._behind(self._slicing.after, terms))
        if self._is_given(self._slicing.before):
            conditions.append(self._behind(self._slicing.before, reverse(terms)))
        order = compiler.order(view, at, reverse(terms) if self._backward else terms)
        limit = f"{self._size} + 1" if self._more else self._size
        rows = compiler.rows(
            view,
            at,
            [],
            tail=f"{order} LIMIT {limit}",
            where=self._where,
            node=(self._item, self._node),
            more=conditions,
        )
        if not (self._numbered or self._more):
            return rows
        counted = f"SELECT {at.alias}.*, row_number() OVER () AS n, count(*) OVER () AS c FROM {rows}"  # noqa: S608
        if self._backward:
            counted = f"SELECT * FROM ({counted}) AS {at.alias} ORDER BY n DESC"  # noqa: S608 - rendered
        return f"({counted}) AS {at.alias}"

    def _behind(self, cursor: Given, terms: Terms) -> str:
        """Return the condition of rows behind a cursor in this order."""
        view, order = self._view, self._order
        alias = f"{self._at.alias}r"
        values = []
        for number, (name, _) in enumerate(terms):

            def read(_: Viewpoint, variables: Variables, number: int = number) -> object:
                try:
                    return read_cursor(view, order, cursor.read(variables))[number]
                except Refusal:
                    raise StandAside from None

            values.append(self._compiler.parameter(("cursor", cursor, number), view.columns[name].kind, read))
        return keyset([view.ref(alias, name) for name, _ in terms], [way for _, way in terms], values)
