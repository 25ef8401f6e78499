"""What may be read of a table, declared once: columns, orders, and who sees which rows.

A domain's ``views.py`` holds declarations only. GraphQL types map to them, compiled documents take their predicates
from ``rule_sql``, and everything else reads through ``reading.py``: a rule cannot differ between the ways to ask.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

from shimin.kit.call import Call

Kind = Literal["text", "id", "integer", "money", "instant", "date", "flag", "document"]
Classification = Literal["public", "personal", "sensitive"]
Direction = Literal["asc", "desc"]
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
CONVERTED = frozenset({"document", "flag", "instant", "date"})
"""Kinds that an engine gives as text or number."""
_SORTABLE = frozenset({"text", "id", "integer", "money", "instant", "date"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column that may be read."""

    sql: str
    """Its name in the table."""
    kind: Kind
    classification: Classification
    nullable: bool = False
    of: str = ""
    """The joined table it lies in, by the join's name; empty: the view's own table."""


@dataclass(frozen=True, slots=True)
class Join:
    """The one row of another table of the same domain that belongs to each row of a view."""

    table: str
    own: str
    """The view's own column that names the other row."""
    key: str
    """The other table's column that it names, one row for each value."""


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every row, for anybody, signed in or not."""


@dataclass(frozen=True, slots=True)
class OwnRows:
    """The rows of the citizen whose affairs these are.

    A mini-app acting for a citizen sees them too (its consent is checked before a view is ever read),
    unless ``in_person``: then the citizen alone.
    """

    sql: str
    in_person: bool = False
    app_sql: str = ""
    """The column that says which mini-app made a row: then a mini-app sees of the citizen's rows its own alone."""


@dataclass(frozen=True, slots=True)
class CallerRows:
    """The rows of the very person calling, citizen or staff; a mini-app or the platform sees none."""

    sql: str


@dataclass(frozen=True, slots=True)
class DepartmentRows:
    """The rows of the department whose member is calling."""

    sql: str


@dataclass(frozen=True, slots=True, init=False)
class Staff:
    """Every row, for callers who hold one of these roles, and for the platform itself."""

    roles: frozenset[str]

    def __init__(self, *roles: str) -> None:
        """Name the roles."""
        object.__setattr__(self, "roles", frozenset(roles))


@dataclass(frozen=True, slots=True, init=False)
class AnyOf:
    """The rows that at least one of these rules lets through."""

    rules: tuple["Rule", ...]

    def __init__(self, *rules: "Rule") -> None:
        """Name the rules."""
        object.__setattr__(self, "rules", rules)


Rule: TypeAlias = Everyone | OwnRows | CallerRows | DepartmentRows | Staff | AnyOf


@dataclass(frozen=True, slots=True)
class ActorValue:
    """Something about the caller that a rule compares rows with: an id (text or NULL) or a flag."""

    name: str
    is_flag: bool
    read: Callable[[Call], str | bool | None]


def _own(call: Call) -> str | None:
    return call.citizen_id if call.actor.kind in {"citizen", "miniapp", "system"} else None


def _own_in_person(call: Call) -> str | None:
    return call.actor.citizen_id if call.actor.kind == "citizen" else None


def _caller(call: Call) -> str | None:
    return call.actor.id if call.actor.kind in {"citizen", "member", "operator"} else None


def _department(call: Call) -> str | None:
    return call.actor.department_id if call.actor.kind == "member" else None


def _app(call: Call) -> str | None:
    return call.actor.app_id if call.actor.kind == "miniapp" else None


def _without_app(call: Call) -> bool:
    return call.actor.kind != "miniapp"


OWN = ActorValue("own", is_flag=False, read=_own)
OWN_IN_PERSON = ActorValue("own_in_person", is_flag=False, read=_own_in_person)
CALLER = ActorValue("caller", is_flag=False, read=_caller)
DEPARTMENT = ActorValue("department", is_flag=False, read=_department)
APP = ActorValue("app", is_flag=False, read=_app)
WITHOUT_APP = ActorValue("without_app", is_flag=True, read=_without_app)
KIND = ActorValue("kind", is_flag=False, read=lambda call: call.actor.kind)
ROLES = ActorValue("roles", is_flag=False, read=lambda call: orjson.dumps(sorted(call.actor.roles)).decode())
"""The roles of the caller as a JSON array."""
SESSION = ActorValue("session", is_flag=False, read=lambda call: call.session_id)
"""The session the call is made in."""


def staff_value(roles: frozenset[str]) -> ActorValue:
    """Return the flag that says whether the caller holds one of the roles."""

    def read(call: Call) -> bool:
        return call.actor.kind == "system" or bool(roles & call.actor.roles)

    return ActorValue(f"staff_{'_'.join(sorted(roles))}", is_flag=True, read=read)


def rule_sql(rule: Rule, alias: str, bind: Callable[[ActorValue], str]) -> str:
    """Return the condition a row must meet to be seen; what the caller lacks is NULL or FALSE, so it sees nothing.

    Args:
        rule: the view's rule.
        alias: the table's alias in the statement.
        bind: returns the SQL that stands for a value of the caller: a placeholder, or a literal.
    """
    match rule:
        case Everyone():
            return "TRUE"
        case OwnRows(sql, in_person, app_sql):
            own = f'{alias}."{sql}" = {bind(OWN_IN_PERSON if in_person else OWN)}'
            return f'({own} AND ({bind(WITHOUT_APP)} OR {alias}."{app_sql}" = {bind(APP)}))' if app_sql else own
        case CallerRows(sql):
            return f'{alias}."{sql}" = {bind(CALLER)}'
        case DepartmentRows(sql):
            return f'{alias}."{sql}" = {bind(DEPARTMENT)}'
        case Staff(roles):
            return bind(staff_value(roles))
        case AnyOf(rules):
            return "(" + " OR ".join(rule_sql(part, alias, bind) for part in rules) + ")" if rules else "FALSE"


def _rule_columns(rule: Rule) -> list[str]:
    match rule:
        case OwnRows(sql, _, app_sql):
            return [sql, app_sql] if app_sql else [sql]
        case CallerRows(sql) | DepartmentRows(sql):
            return [sql]
        case AnyOf(rules):
            return [sql for part in rules for sql in _rule_columns(part)]
        case _:
            return []


@dataclass(frozen=True, slots=True)
class View:
    """A relation that may be read, with the one rule of who sees which of its rows."""

    name: str
    """What it is called in cursors and plans, such as ``message``."""
    table: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    """The columns that identify a row; they also settle the order of equals."""
    visible: Rule
    sort: Mapping[str, tuple[tuple[str, Direction], ...]] = field(default_factory=dict)
    """Named orders, such as ``{"newest": (("sent_at", "desc"),)}``; a list is read in one of them."""
    joins: Mapping[str, Join] = field(default_factory=dict)
    """Tables whose columns the view shows too, by name."""
    changed_by: tuple[str, ...] = ()
    """The facts after which the rows are others; a view that names none is never kept in memory."""

    converted: tuple[tuple[str, Kind], ...] = field(init=False, repr=False, compare=False, default=())
    """The columns whose values the engines give as something else than the column's kind says."""

    def __post_init__(self) -> None:
        """Find mistakes of the declaration when it is imported, not when it is first read."""
        found = tuple((name, column.kind) for name, column in self.columns.items() if column.kind in CONVERTED)
        object.__setattr__(self, "converted", found)
        names = [
            self.table,
            *self.columns,
            *(column.sql for column in self.columns.values()),
            *(name for join in self.joins.values() for name in (join.table, join.own, join.key)),
            *self.joins,
            *_rule_columns(self.visible),
        ]
        for name in names:
            if not _IDENTIFIER.fullmatch(name):
                message = f"{self.name}: {name!r} is no column or table name"
                raise ValueError(message)
        for order, terms in {**self.sort, "key": tuple((name, "asc") for name in self.key)}.items():
            for name, _ in terms:
                column = self.columns.get(name)
                if column is None or column.nullable or column.kind not in _SORTABLE:
                    message = f"{self.name}: the order {order!r} needs {name!r} to be a sortable column, never NULL"
                    raise ValueError(message)
        strays = {column.of for column in self.columns.values()} - {"", *self.joins}
        if strays:
            message = f"{self.name}: columns of {sorted(strays)}, which is not joined"
            raise ValueError(message)
        if not self.key:
            message = f"{self.name}: a view needs a key"
            raise ValueError(message)

    def terms(self, order: str) -> tuple[tuple[str, Direction], ...]:
        """Return an order made total by the key.

        Raises:
            KeyError: there is no order of that name.
        """
        terms = self.sort[order]
        named = {name for name, _ in terms}
        last: Direction = terms[-1][1] if terms else "asc"
        return (*terms, *((name, last) for name in self.key if name not in named))

    def source(self, alias: str) -> str:
        """Return what follows FROM: the table under this alias, with what is joined to it."""
        joined = [
            f' JOIN "{join.table}" {alias}_{name} ON {alias}_{name}."{join.key}" = {alias}."{join.own}"'
            for name, join in self.joins.items()
        ]
        return f'"{self.table}" {alias}{"".join(joined)}'

    def ref(self, alias: str, name: str) -> str:
        """Return a column as a statement names it that has the view's table under this alias."""
        column = self.columns[name]
        return f'{alias}_{column.of}."{column.sql}"' if column.of else f'{alias}."{column.sql}"'
