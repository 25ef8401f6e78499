"""Holds the schema to what is published: nothing that a client may use breaks before its time.

``make check`` compares ``graphql/schema.graphql`` with ``graphql/published.graphql``; ``make publish-schema`` moves the
second forward, and refuses while something would break.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InputValueDefinitionNode,
    Node,
    StringValueNode,
    Visitor,
    build_ast_schema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    get_named_type,
    parse,
    print_ast,
    visit,
)

from install import ROOT
from shimin_graphql.types.deprecation import read_deprecation

SCHEMA = ROOT / "graphql" / "schema.graphql"
PUBLISHED = ROOT / "graphql" / "published.graphql"
WHAT_TO_DO = """\
Clients that were generated from the published schema would fail. Do one of these:
 - keep what they use and add the new beside it, marking the old with deprecated(since=…, until=…, use=…)
   (graphql/shimin_graphql/types/deprecation.py); once the day in `until` has passed, removing it breaks nobody;
 - where a break is decided all the same, or nobody uses the published schema yet: delete graphql/published.graphql,
   run `make publish-schema`, and say why in the commit and in CHANGELOG.md."""
NOT_PUBLISHED = (
    "graphql/published.graphql is missing; if the schema is to be published as it is now: make publish-schema"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a schema means for the clients of another."""

    breaking: list[str] = field(default_factory=list)
    """A client that used it fails."""
    dangerous: list[str] = field(default_factory=list)
    """A client that was written carelessly may fail; worth a look, and allowed."""


def compare(published: str, current: str, today: date) -> Changes:
    """Return what changed for clients; what was deprecated in the published schema until before today may be gone.

    Args:
        published: the schema as last published, in GraphQL's schema language.
        current: the schema as it is now.
        today: the day in UTC.
    """
    before = parse(published)
    old = build_ast_schema(_without_due(before, today), assume_valid=True)
    new = build_schema(current)
    # a type that only what is due led to goes with it
    gone = _reachable(build_ast_schema(before, assume_valid=True)) - _reachable(old)
    kept = GraphQLSchema(
        query=old.query_type,
        mutation=old.mutation_type,
        subscription=old.subscription_type,
        types=[kind for name, kind in old.type_map.items() if name not in gone],
        directives=old.directives,
        assume_valid=True,
    )
    return Changes(
        breaking=sorted(change.description for change in find_breaking_changes(kept, new)),
        dangerous=sorted([*(change.description for change in find_dangerous_changes(kept, new)), *_rules(kept, new)]),
    )


def _without_due(document: DocumentNode, today: date) -> DocumentNode:
    """Return a schema document without the definitions whose deprecation has run out."""

    class Prune(Visitor):
        def leave_field_definition(self, node: FieldDefinitionNode, *_: object) -> object:
            return REMOVE if _is_due(node, today) else None

        def leave_input_value_definition(self, node: InputValueDefinitionNode, *_: object) -> object:
            return REMOVE if _is_due(node, today) else None

        def leave_enum_value_definition(self, node: EnumValueDefinitionNode, *_: object) -> object:
            return REMOVE if _is_due(node, today) else None

    pruned: DocumentNode = visit(document, Prune())
    return pruned


def _is_due(node: FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode, today: date) -> bool:
    for directive in node.directives or ():
        if directive.name.value == "deprecated":
            for argument in directive.arguments or ():
                told = isinstance(argument.value, StringValueNode) and read_deprecation(argument.value.value)
                return bool(told and told.is_due(today))
    return False


def _reachable(schema: GraphQLSchema) -> set[str]:
    """Return the names of the types that a document can come to from the roots, and those directives take."""
    found: set[str] = set()
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    waiting: list[GraphQLNamedType] = [kind for kind in roots if kind is not None]
    for directive in schema.directives:
        waiting += [get_named_type(argument.type) for argument in directive.args.values()]
    while waiting:
        kind = waiting.pop()
        if kind.name not in found:
            found.add(kind.name)
            waiting += _next_to(kind, schema)
    return found


def _next_to(kind: GraphQLNamedType, schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
        yield from kind.interfaces
        for member in kind.fields.values():
            yield get_named_type(member.type)
            yield from (get_named_type(argument.type) for argument in member.args.values())
    if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
        yield from schema.get_possible_types(kind)
    if isinstance(kind, GraphQLInputObjectType):
        yield from (get_named_type(member.type) for member in kind.fields.values())


def _rules(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[str]:
    """Yield what ``@allow`` or ``@personal`` says something else of: to graphql-core that is no change."""
    for name, kind in old.type_map.items():
        now = new.type_map.get(name)
        if not isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)) or type(now) is not type(kind):
            continue
        assert isinstance(now, (GraphQLObjectType, GraphQLInterfaceType))
        marked: list[tuple[str, Node | None, Node | None]] = [(f"Type {name}", kind.ast_node, now.ast_node)]
        shared = kind.fields.keys() & now.fields.keys()
        marked += [(f"Field {name}.{key}", kind.fields[key].ast_node, now.fields[key].ast_node) for key in shared]
        for what, before, after in marked:
            if (was := _marks(before)) != (is_ := _marks(after)):
                yield f"{what} was {was or 'unmarked'} and is {is_ or 'unmarked'}."


def _marks(node: Node | None) -> str:
    directives: tuple[DirectiveNode, ...] = getattr(node, "directives", None) or ()
    return " ".join(print_ast(item) for item in directives if item.name.value != "deprecated")


def report(changes: Changes) -> str:
    """Return the changes as lines for people."""
    lines = [f"BREAKS     {text}" for text in changes.breaking]
    lines += [f"dangerous  {text}" for text in changes.dangerous]
    if changes.breaking:
        lines.append(WHAT_TO_DO)
    return "\n".join(lines)


def run(schema: Path, published: Path, *, publish: bool, today: date) -> tuple[int, str]:
    """Compare two files, or move the published one forward; return the exit status and what to print."""
    current = schema.read_text("utf-8")
    if not published.exists():
        if not publish:
            return 1, NOT_PUBLISHED
        changes = Changes()
    else:
        changes = compare(published.read_text("utf-8"), current, today)
    lines = [text for text in (report(changes),) if text]
    if publish and not changes.breaking:
        published.write_text(current, "utf-8")
        lines.append(f"published: {published.name} now says what {schema.name} says")
    elif publish:
        lines.append("nothing was published")
    return int(bool(changes.breaking)), "\n".join(lines)


def main() -> int:
    """Compare the committed schema with the published one; with ``--publish`` move that forward."""
    status, text = run(SCHEMA, PUBLISHED, publish="--publish" in sys.argv[1:], today=datetime.now(UTC).date())
    if text:
        print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
