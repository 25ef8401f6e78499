"""A plan with variables filled in: what does not depend on who asks is worked out once for the same variables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from shimin_graphql.engine.pieces import Read, StandAside, Variables
from shimin_graphql.engine.reply import dump

if TYPE_CHECKING:
    from shimin.db import Viewpoint
    from shimin.kit.call import Locale
    from shimin_graphql.engine.plan import Kept, Plan, Planner, Statement

REMEMBERED = 256
"""Sets of variables remembered of a document; a screen is asked with a few."""
_CHARS_MAX = 64
"""Longer texts, such as cursors of pages far down, are one person's and come once."""
_PLAIN = frozenset({int, bool, str, type(None)})
Filled: TypeAlias = tuple[tuple[Read | None, object], ...]
"""A statement's values: what reads each from the caller, or None and the value itself."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, a language and variables: ready for whoever asks."""

    plan: Plan
    coerced: Variables
    private: Filled
    kept: Sequence[tuple[Kept, Hashable]]
    """Parts that are the same for everybody, each with what it is remembered by."""

    def values(self, seen: Viewpoint) -> list[object]:
        """Return the values of the private statement for a caller."""
        coerced = self.coerced
        return [known if read is None else read(seen, coerced) for read, known in self.private]


class Preparations:
    """Remembers what was prepared of one document."""

    def __init__(self, planner: Planner, document_id: str) -> None:
        """Prepare plans of the planner."""
        self._planner = planner
        self._document_id = document_id
        self._known: OrderedDict[Hashable, Prepared | None] = OrderedDict()

    def prepare(self, locale: Locale, variables: Mapping[str, Any]) -> Prepared | None:
        """Return what is ready to run, or None where the resolvers have to answer."""
        key = _key(locale, variables)
        if key is None:
            return self._made(locale, variables)
        try:
            return self._known[key]
        except KeyError:
            made = self._known[key] = self._made(locale, variables)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return made

    def _made(self, locale: Locale, variables: Mapping[str, Any]) -> Prepared | None:
        coerced = self._planner.variables.coerced(variables)
        plan = None if coerced is None else self._planner.plan(locale, coerced)
        if plan is None or coerced is None:
            return None
        try:
            private = _filled(plan.private, coerced) if plan.private is not None else ()
            kept = [(part, self._kept_by(part, locale, coerced)) for part in plan.kept]
        except StandAside:
            return None
        return Prepared(plan, coerced, private, tuple(kept))

    def _kept_by(self, kept: Kept, locale: Locale, coerced: Variables) -> Hashable:
        statement = kept.statement
        values = dump(coerced) if statement is None else (statement.compiled, _filled(statement, coerced))
        return (self._document_id, kept.key, locale, values)


def _filled(statement: Statement, coerced: Variables) -> Filled:
    return tuple(
        (item.read, None) if item.of_caller else (None, item.read(_NOBODY, coerced)) for item in statement.parameters
    )


_NOBODY: Any = None
"""What values that depend on nobody are read for."""


def _key(locale: Locale, variables: Mapping[str, Any]) -> Hashable | None:
    """Return what the same variables have in common: 1, 1.0 and true are not the same. None: do not remember."""
    values = tuple(variables.values())
    kinds = tuple(map(type, values))
    if not _PLAIN.issuperset(kinds):
        return None
    if any(len(value) > _CHARS_MAX for value in values if type(value) is str):
        return None
    return (locale, tuple(variables), kinds, values)
