"""Saying how a document runs: the tier of each root field and why, its statements, what it reads and who may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import (
    DirectiveNode,
    FieldNode,
    Node,
    VariableNode,
    Visitor,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from shimin.db.compiled import Compiled
from shimin.db.dialect import DIALECTS
from shimin.kit.text import LOCALES
from shimin_graphql.engine.batched import Batched, NotCompilable
from shimin_graphql.engine.mapping import definition_of
from shimin_graphql.engine.plan import Plan, Planner, Statement
from shimin_graphql.engine.selection import Selections, deciding_variables
from shimin_graphql.types.access import Allow

if TYPE_CHECKING:
    from graphql import GraphQLObjectType, GraphQLSchema, VariableDefinitionNode

    from shimin_graphql.engine.documents import Document
    from shimin_graphql.engine.run import Tier

COMPILED, BATCHED, STOCK = 1, 2, 3
NOT_A_QUERY = "only queries become statements: a {kind} runs its resolvers"
TIER_SET = "the setting engine_tier is “{tier}”"


def explain(schema: GraphQLSchema, document: Document, tier: Tier, *, keep: bool) -> Mapping[str, Any]:
    """Return how a document runs, as values that JSON can hold.

    The statements are those of the first language; values a document takes decide some of them, so the answer says
    for which it holds: what ``@include`` and ``@skip`` leave in, and which paging arguments are given.

    Args:
        schema: what documents ask.
        document: to explain.
        tier: the fastest way that the engine may take.
        keep: whether the engine keeps parts that are the same for everybody.

    Returns:
        ``id``, ``name``, ``kind``; ``variables`` (``name``, ``type``, ``default``); ``scopes`` (``scope``, ``path``);
        ``cost`` in points (``usual`` with the defaults of its variables, ``most`` with any); ``assumed`` (the value of
        each variable that decides a statement); ``roots``, one for each response key (``key``, ``field``, ``rule`` who
        may ask, ``tier`` 1 to 3, ``reason`` why it is not 1 and, at 3, not 2, ``kept_until`` the facts until which its
        answer is kept for everybody); ``statements`` by engine, in SQL: for all roots of tier 1, nothing kept.
    """
    assumed = _assumed(document)
    plans = _plans(schema, document, assumed, keep=keep) if document.kind == "query" and tier == "compiled" else {}
    return {
        "id": document.id,
        "name": document.scopes.name,
        "kind": document.kind,
        "variables": [_variable(node) for node in document.operation.variable_definitions or ()],
        "scopes": [{"scope": item.scope, "path": item.path} for item in document.scopes.fields],
        "cost": {"usual": document.cost_of(assumed), "most": document.cost.most},
        "assumed": assumed,
        "roots": _roots(schema, document, assumed, plans, tier),
        "statements": {engine: [_sql(plan.private)] if plan.private else [] for engine, (plan, _) in plans.items()},
    }


def _plans(
    schema: GraphQLSchema, document: Document, assumed: Mapping[str, Any], *, keep: bool
) -> Mapping[str, tuple[Plan, Plan]]:
    """Return, for each engine, the plan with nothing kept, and the plan as it runs."""
    return {
        engine: (
            Planner(schema, document, dialect, keep=False).draw(LOCALES[0], assumed),
            Planner(schema, document, dialect, keep=keep).draw(LOCALES[0], assumed),
        )
        for engine, dialect in DIALECTS.items()
    }


def _sql(statement: Statement) -> str:
    """Return a statement as it runs, each root field on a line of its own below its response key."""
    of = statement.compiled
    alone = [Compiled([text], of.kinds, of.dialect).single.removeprefix("SELECT ") for text in of.expressions]
    return "SELECT\n" + ",\n".join(f"-- {key}\n{text}" for key, text in zip(statement.keys, alone, strict=True))


def _roots(
    schema: GraphQLSchema,
    document: Document,
    assumed: Mapping[str, Any],
    plans: Mapping[str, tuple[Plan, Plan]],
    tier: Tier,
) -> list[Mapping[str, Any]]:
    kind = schema.get_root_type(document.operation.operation)
    if kind is None:
        raise AssertionError
    flags = {name: bool(assumed.get(name)) for name in deciding_variables(document.ast, document.operation)[0]}
    asked = Selections(schema, document.ast, flags).fields(kind, [document.operation.selection_set])
    common = TIER_SET.format(tier=tier) if tier != "compiled" else ""
    if document.kind != "query":
        common = NOT_A_QUERY.format(kind=document.kind)
    running = [plan for _, plan in plans.values()]
    kept = {item.key: item for plan in running[:1] for item in plan.kept}
    rest = next((plan.resolved for plan in running if plan.resolved), document)
    found: list[Mapping[str, Any]] = []
    for key, nodes in asked.items():
        reasons = [reason for reason in (common, *(plan.reasons.get(key, "") for plan in running)) if reason][:1]
        stock = ""
        if reasons:
            alone = kept[key].resolved if key in kept else None
            stock = TIER_SET.format(tier=tier) if tier == "stock" else _hindrance(schema, alone or rest)
        found.append(
            {
                "key": key,
                "field": nodes[0].name.value,
                "rule": _rule(kind, nodes[0]),
                "tier": (STOCK if stock else BATCHED) if reasons else COMPILED,
                "reason": "; ".join(dict.fromkeys([*reasons, *([stock] if stock else [])])),
                "kept_until": sorted(kept[key].changed_by) if key in kept else [],
            }
        )
    return found


def _hindrance(schema: GraphQLSchema, document: Document) -> str:
    """Return why the resolvers of a document cannot be compiled, nothing where they can."""
    try:
        Batched(schema, document.ast, document.operation, hide_suggestions=True)
    except NotCompilable as reason:
        return str(reason)
    return ""


def _rule(kind: GraphQLObjectType, node: FieldNode) -> str:
    """Return who may ask for a root field, as the schema's ``@allow`` says it."""
    item = kind.fields.get(node.name.value)
    if item is None:
        return "anyone"  # __typename
    declared = getattr(definition_of(item), "directives", ())
    return ", ".join(who for directive in declared if isinstance(directive, Allow) for who in directive.who)


def _variable(node: VariableDefinitionNode) -> Mapping[str, Any]:
    default = value_from_ast_untyped(node.default_value) if node.default_value else None
    return {"name": node.variable.name.value, "type": print_ast(node.type), "default": default}


def _assumed(document: Document) -> dict[str, Any]:
    """Return a value for each variable that decides what is compiled: as if everything was asked for.

    A flag takes its default, else what leaves most in; a page its default, else a size where one must be given.
    """
    flags, paging = deciding_variables(document.ast, document.operation)
    includes = _includes(document)
    found: dict[str, Any] = {}
    for node in document.operation.variable_definitions or ():
        name = node.variable.name.value
        given = _variable(node)["default"]
        if name in flags:
            found[name] = name in includes if given is None else given
        elif name in paging:
            found[name] = 1 if given is None and str(print_ast(node.type)).endswith("!") else given
    return found


class _Includes(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value == "include":
            self.names |= {a.value.name.value for a in node.arguments or () if isinstance(a.value, VariableNode)}


def _includes(document: Document) -> set[str]:
    """Return the variables that ``@include`` asks."""
    found = _Includes()
    node: Node = document.ast
    visit(node, found)
    return found.names
