"""Runs one document in every way the engine knows, for several callers, and keeps count of what was proven."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, GraphQLSchema
from structlog.testing import capture_logs
from tests.differential.comparing import difference
from tests.differential.documents import Known, write

from shimin.db import Database
from shimin.db.dialect import DIALECTS
from shimin.kit.call import Call
from shimin.kit.clock import FixedClock
from shimin_graphql.context import Context
from shimin_graphql.engine.compiled import CompiledQueries
from shimin_graphql.engine.documents import Document, Documents
from shimin_graphql.engine.fragments import Fragments
from shimin_graphql.engine.limits import Limits
from shimin_graphql.engine.mapping import definition_of, mapping_of
from shimin_graphql.engine.plan import Planner
from shimin_graphql.engine.reply import Reply
from shimin_graphql.engine.run import Engine, Tier
from shimin_graphql.engine.selection import Selections
from shimin_graphql.types.base import AccessExtension

Apart = Sequence[frozenset[str]]
LIMITS = Limits(aliases=1_000, fields=10_000)
SHOWN_MAX = 5
"""So many differences are enough to begin with."""
STOCK_DROPS = [
    # The stock executor cancels what runs beside an error, and what was not begun by then is dropped with a warning.
    pytest.mark.filterwarnings("ignore:coroutine 'Executor:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:coroutine 'GraphQLCoreConverter:RuntimeWarning"),
]
TIERS: Sequence[Tier] = ("compiled", "batched")
"""The ways that must answer as ``stock`` does."""


@dataclass(frozen=True, slots=True)
class Request:
    """One use of a document."""

    caller: str
    variables: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """What was proven; shown in summaries and asserted, so that the suite cannot go dull unnoticed."""

    documents: int = 0
    answers: int = 0
    wholly: int = 0
    """Requests answered by statements alone."""
    partly: int = 0
    """Requests whose root fields were answered partly by statements."""
    with_errors: int = 0
    compiled_fields: set[str] = field(default_factory=set)
    """``Type.field`` of documents that statements answered."""
    fields: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def share(self, count: int) -> float:
        """Return a count as a share of all answers."""
        return count / max(self.answers, 1)

    def __str__(self) -> str:
        """Summarise."""
        return (
            f"{self.documents} documents, {self.answers} requests: by statements wholly {self.share(self.wholly):.0%},"
            f" partly {self.share(self.partly):.0%}; with errors {self.share(self.with_errors):.0%};"
            f" {len(self.compiled_fields)} fields compiled; {len(self.differences)} differences"
        )


class Noted(CompiledQueries):
    """Compiled queries that tell afterwards how the last request of each caller was answered."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.answered: Counter[str] = Counter()

    async def reply(self, document: Document, variables: Mapping[str, Any], context: Context) -> Reply | None:
        """Answer, and note whether it was by statements wholly, partly or not at all."""
        found = await super().reply(document, variables, context)
        if found is not None:
            planner = self.planner(document, context.platform.db.engine)
            plan = planner.plan(context.call.locale, planner.variables.coerced(variables) or {})
            by_resolvers = plan is None or plan.resolved is not None or any(not part.statement for part in plan.kept)
            self.answered["partly" if by_resolvers else "wholly"] += 1
        return found


class Suite:
    """One schema over one database: every way to run a document, compared."""

    def __init__(
        self,
        schema: GraphQLSchema,
        databases: Sequence[Database],
        clock: FixedClock,
        callers: Mapping[str, Call],
        source: Any = None,
    ) -> None:
        """Compare ways to run documents.

        Args:
            schema: what documents ask.
            databases: the same database, opened with several sizes of batches.
            clock: stands still.
            callers: who asks, by name.
            source: the departments' system of record.
        """
        self.schema = schema
        self.tally = Tally()
        self._databases = databases
        self._clock = clock
        self._callers = callers
        self._source = source
        self.stock = self._engine("stock")
        self.others = {f"{tier}, nothing kept": self._engine(tier) for tier in TIERS}
        kept = Fragments(monotonic_s=lambda: 0.0)
        kept._looked_at_s = 0.0  # nothing changes here, so what is kept may be believed
        self.others["compiled, public parts kept"] = self._engine("compiled", kept)

    def _engine(self, tier: Tier, fragments: Fragments | None = None) -> Engine:
        made = Engine(self.schema, timeout_s=60, hide_suggestions=True, tier=tier, fragments=fragments)
        made.compiled = Noted(self.schema, made._resolve, fragments)
        return made

    async def ask(self, engine: Engine, document: Document, request: Request, db: Database | None = None) -> bytes:
        """Return one answer."""
        platform: Any = SimpleNamespace(db=db or self._databases[0], clock=self._clock, source=self._source)
        context = Context(call=self._callers[request.caller], platform=platform)
        try:
            return (await engine.reply(document, request.variables, context)).body
        except Exception as error:  # noqa: BLE001 - an engine that breaks is a difference like any other
            return repr(f"{type(error).__name__}: {error}").encode()

    async def compare(
        self, document: Document, requests: Sequence[Request], *, seed: str, fields: frozenset[str]
    ) -> None:
        """Run a document for these requests in every way, those of one way all at once, and note what differs."""
        expected = [await self.ask(self.stock, document, request) for request in requests]
        answered: Counter[str] = Counter()
        for number, (name, engine) in enumerate(self.others.items()):
            db = self._databases[number % len(self._databases)]
            noted: Any = engine.compiled
            noted.answered = Counter()
            found = await asyncio.gather(*(self.ask(engine, document, request, db) for request in requests))
            if name == "compiled, nothing kept":
                answered = noted.answered
            for request, right, other in zip(requests, expected, found, strict=True):
                differs = difference(right, other)
                if differs is not None and not await self._possible(document, request, differs.disputed):
                    self.tally.differences.append(
                        f"seed {seed}, {db.engine}, {name}: {differs.place}\n  {request}\n  {document.text}\n"
                        f"  stock: {right.decode()[-1400:]}\n  found: {other.decode()[:400]}"
                    )
        self._count(expected, answered, fields)

    async def run(self, seed: str, numbers: Iterable[int], known: Mapping[str, Known], callers: Sequence[str]) -> None:
        """Compare the documents of a seed, written for one caller after another; a third is asked by another, too."""
        for number in numbers:
            caller, other = callers[number % len(callers)], callers[(number * 7 + 3) % len(callers)]
            asked = write(self.schema, f"{seed}:{number}", known[caller])
            asking = (caller, other if number % 3 == 0 else caller)
            requests = [Request(name, sent) for name, sent in zip(asking, asked.variables, strict=True)]
            document = Documents(self.schema, LIMITS).compile(asked.text)
            with capture_logs():  # faults are part of it; their traces take longer than all the rest
                await self.compare(document, requests, seed=asked.seed, fields=asked.fields)
            if number % 100 == 99:
                print(f"\r{self._databases[0].engine}: {self.tally}", end="", file=sys.stderr, flush=True)
            if len(self.tally.differences) >= SHOWN_MAX:
                break
        print(f"\n{self._databases[0].engine}: {self.tally}")
        for shown in self.tally.differences[:SHOWN_MAX]:
            print(f"\n{shown}")

    async def _possible(self, document: Document, request: Request, disputed: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether the stock executor gives one of them too, where it has no other root field to stop at."""
        planner = Planner(self.schema, document, DIALECTS[self._databases[0].engine], keep=False)
        flags = planner.variables.coerced(request.variables) or {}
        selections = Selections(self.schema, document.ast, {name: bool(flags.get(name)) for name in planner._flags})
        assert self.schema.query_type is not None
        asked = selections.fields(self.schema.query_type, [document.operation.selection_set])
        for error in disputed:
            key = error["path"][0]
            alone = orjson.loads(await self.ask(self.stock, planner._part({key: asked[key]}), request))
            if error in alone.get("errors", ()):
                return True
        return False

    def _count(self, expected: Sequence[bytes], answered: Counter[str], fields: frozenset[str]) -> None:
        tally = self.tally
        tally.documents += 1
        tally.answers += len(expected)
        tally.wholly += answered["wholly"]
        tally.partly += answered["partly"]
        tally.with_errors += sum(b'"errors":[{' in body for body in expected)
        tally.fields.update(fields)
        if answered["wholly"]:
            tally.compiled_fields |= fields


def known_by(schema: GraphQLSchema, call: Call, values: Mapping[str, Sequence[Any]], apart: Apart = ()) -> Known:
    """Return what a caller asks for: mostly what rows answer and what it may read, now and then anything else."""
    assert schema.query_type is not None
    weights = {}
    for name, item in schema.query_type.fields.items():
        rules = [part.access for part in definition_of(item).extensions if isinstance(part, AccessExtension)]
        allowed = all(rule.admits(call) for rule in rules)
        weights[name] = (4.0 if mapping_of(item) is not None else 1.0) if allowed else 0.1
    return Known(weights, values, apart)


def mapped_fields(schema: GraphQLSchema) -> frozenset[str]:
    """Return every field that is declared to be backed by rows, as ``Type.field``."""
    found = set()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            shown = getattr(getattr(definition_of(kind), "origin", None), "__row_fields__", {})
            for name, item in kind.fields.items():
                definition = definition_of(item)
                if definition is not None and (mapping_of(item) is not None or definition.python_name in shown):
                    found.add(f"{kind.name}.{name}")
    return frozenset(found)
