"""What all GraphQL types share: who may read, what is personal, how a refusal becomes data, money and lists."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, NewType, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

from shimin.kit.call import Call, Role
from shimin.kit.money import Money as Amount
from shimin.kit.refusal import NotAllowed, NotSignedIn, Refusal
from shimin.kit.text import say_refusal
from shimin_graphql.context import Info
from shimin_graphql.engine.cost import MUTATION_COST, WEIGHT, Weight
from shimin_graphql.engine.mapping import METADATA, Mapped

Resolver = Callable[..., Any]
Node = TypeVar("Node")

MinorUnits = NewType("MinorUnits", int)
"""Whole minor units (分) on the wire as a decimal string: GraphQL's Int has 32 bits."""
MINOR_UNITS_DIGITS_MAX = 18
"""As many as a column of 64 bits always holds."""


def _minor_units(value: object) -> int:
    """Read minor units: ASCII digits with or without a minus, nothing else that Python would take for a number."""
    if not isinstance(value, str) or not re.fullmatch(rf"-?[0-9]{{1,{MINOR_UNITS_DIGITS_MAX}}}", value):
        raise GraphQLError("MinorUnits wants a whole number of minor units as a decimal string.")
    return int(value)


MINOR_UNITS = strawberry.scalar(
    name="MinorUnits",
    description="Whole minor units of a currency (fen for CNY), as a decimal string.",
    serialize=str,
    parse_value=_minor_units,
)


# ---- who may read --------------------------------------------------------------------------------------------------


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], name="allow")
class Allow:
    """Who may use the field; the engine refuses everybody else."""

    who: list[str]


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], name="personal")
class Personal:
    """The field shows personal data of the citizen; mini-apps need consent to this scope."""

    scope: str


@dataclass(frozen=True, slots=True)
class Access:
    """A named rule: these kinds of actor, and of the staff only those who hold one of the roles."""

    name: str
    kinds: frozenset[str]
    roles: frozenset[str] = frozenset()

    def admits(self, call: Call) -> bool:
        """Tell whether the caller fits the rule."""
        actor = call.actor
        return actor.kind in self.kinds and (not self.roles or bool(actor.roles & self.roles))

    def check(self, call: Call) -> None:
        """Go on if the caller fits the rule.

        Raises:
            NotSignedIn: nobody has signed in and the rule wants somebody.
            NotAllowed: the caller does not fit.
        """
        if self.admits(call):
            return
        if call.actor.kind == "anonymous":
            raise NotSignedIn
        raise NotAllowed


ANYONE = Access("anyone", frozenset({"anonymous", "citizen", "member", "operator", "miniapp"}))
CITIZEN = Access("citizen", frozenset({"citizen"}))
CITIZEN_OR_MINIAPP = Access("citizen or mini-app", frozenset({"citizen", "miniapp"}))
SIGNED_IN = Access("signed in", frozenset({"citizen", "member", "operator"}))
STAFF = Access("staff", frozenset({"member", "operator"}))


def role(*roles: Role) -> Access:
    """Return the rule "staff who hold one of these roles"."""
    return Access(" or ".join(roles), frozenset({"member", "operator"}), frozenset(roles))


class AccessExtension(FieldExtension):
    """Checks the rule before the resolver runs, in every tier that runs resolvers."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def resolve(self, next_: Resolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Check, then resolve."""
        self.access.check(info.context.call)
        return next_(source, info, **kwargs)

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any) -> Any:
        """Check, then resolve."""
        self.access.check(info.context.call)
        return await next_(source, info, **kwargs)


CHANGED_BY = "shimin.changed_by"
"""The key under which a field's metadata names the facts that change its answer."""


def field(
    *,
    allow: Access,
    scope: str | None = None,
    description: str | None = None,
    changed_by: Sequence[str] = (),
    mapped: Mapped | None = None,
    cost: int | None = None,
) -> Callable[[Resolver], Any]:
    """Declare a field with its rule: every root field has one, a schema test fails otherwise.

    Args:
        allow: who may use it.
        scope: the personal data it shows.
        description: what the schema says; the resolver's docstring by default.
        mapped: how rows answer it as the resolver does, where a row is enough.
        changed_by: the facts after which its answer is another one. Only for an answer that depends on nothing but
            the arguments and the caller's language: it is kept, and given to everybody, until then.
        cost: points it costs by itself, where that is more than a resolver usually does (``engine/cost.py``).
    """

    def declare(resolver: Resolver) -> Any:
        return strawberry.field(
            resolver=resolver,
            description=description or inspect.getdoc(resolver),
            directives=directives(allow, scope),
            extensions=[AccessExtension(allow)],
            metadata={METADATA: mapped, CHANGED_BY: tuple(changed_by), **_weighing(cost)},
        )

    return declare


def _weighing(cost: int | None) -> Mapping[str, object]:
    """Return the metadata of a field that declares what it costs."""
    return {} if cost is None else {WEIGHT: Weight(cost=cost)}


def subscription(*, allow: Access) -> Callable[[Resolver], Any]:
    """Declare a subscription; its resolver checks ``allow`` through ``Access.check`` before the first event."""

    def declare(resolver: Resolver) -> Any:
        return strawberry.subscription(
            resolver=resolver, description=inspect.getdoc(resolver), directives=directives(allow, None)
        )

    return declare


def personal(scope: str, *, description: str | None = None) -> Any:
    """Declare a plain attribute as personal data under a scope (``insurance.pension.balance``)."""
    return strawberry.field(description=description, directives=[Personal(scope=scope)])


def directives(allow: Access, scope: str | None) -> list[object]:
    """Return what the schema shows of a field's rule and scope."""
    return [Allow(who=[allow.name]), *([Personal(scope=scope)] if scope else [])]


# ---- refusals as data ----------------------------------------------------------------------------------------------


@strawberry.interface(description="An expected no: a stable code, words for the person, and what it is about.")
class Refused:
    """A refusal on the wire."""

    code: str
    message: str


def refusal_type(refusal: type[Refusal]) -> type[Refused]:
    """Return the GraphQL type of a refusal class: its code, its words and its parameters as fields."""
    key: Any = refusal
    return _refusal_type(key)


@cache
def _refusal_type(refusal: Any) -> type[Refused]:
    hints = get_type_hints(refusal)
    params = {item.name: _output_type(hints[item.name]) for item in fields(refusal)}
    doc = (inspect.getdoc(refusal) or "").split("\n")[0]
    made = type(refusal.__name__, (Refused,), {"__annotations__": params, "__doc__": doc})
    return strawberry.type(made, description=doc)


@cache
def _output_type(kind: Any) -> Any:
    """Return the GraphQL type of a refusal's parameter; a plain dataclass of the core becomes an object type."""
    if get_origin(kind) is list:
        return list[_output_type(get_args(kind)[0])]  # type: ignore[misc] # made at run time
    if not is_dataclass(kind):
        return kind
    doc = (inspect.getdoc(kind) or "").split("\n")[0]
    made = type(kind.__name__, (), {"__annotations__": get_type_hints(kind), "__doc__": doc})  # type: ignore[union-attr]
    return strawberry.type(made, description=doc)


def as_data(refusal: Refusal, call: Call) -> Refused:
    """Return a refusal as its GraphQL object, in the caller's language."""
    return refusal_type(type(refusal))(code=refusal.code, message=say_refusal(refusal, call.locale), **refusal.params)


def mutation(
    *,
    allow: Access,
    refuses: Sequence[type[Refusal]] = (),
    description: str | None = None,
    cost: int = MUTATION_COST,
) -> Callable[[Resolver], Any]:
    """Declare a mutation with its rule and its own refusals.

    The resolver is annotated with what success returns and raises refusals; on the wire the result is the union
    ``<FieldName>Result`` of the success type and one type per refusal in ``refuses``. A refusal that is not listed
    becomes a GraphQL error with its code.
    """

    def declare(resolver: Resolver) -> Any:
        return strawberry.mutation(
            resolver=_answering(resolver, tuple(refuses)) if refuses else resolver,
            description=description or inspect.getdoc(resolver),
            directives=directives(allow, None),
            extensions=[AccessExtension(allow)],
            metadata=_weighing(cost),
        )

    return declare


def _answering(resolver: Resolver, refuses: tuple[type[Refusal], ...]) -> Resolver:
    """Wrap a resolver so that its own refusals are returned as members of its result union."""
    hints = get_type_hints(resolver, include_extras=True)
    name = "".join(part.capitalize() for part in resolver.__name__.split("_")) + "Result"
    members = (hints["return"], *(refusal_type(refusal) for refusal in refuses))
    hints["return"] = Annotated[Union[members], strawberry.union(name)]  # noqa: UP007 - made at run time
    signature = inspect.signature(resolver)

    async def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return await resolver(*args, **kwargs)
        except refuses as refusal:
            info: Info = kwargs["info"]
            return as_data(refusal, info.context.call)

    answer.__name__ = resolver.__name__
    answer.__qualname__ = resolver.__qualname__
    answer.__module__ = resolver.__module__
    answer.__doc__ = resolver.__doc__
    answer.__annotations__ = hints
    answer.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            item.replace(annotation=hints.get(key, item.annotation)) for key, item in signature.parameters.items()
        ],
        return_annotation=hints["return"],
    )
    return answer


# ---- money and lists -----------------------------------------------------------------------------------------------


@strawberry.type(description="An amount of money in whole minor units with its ISO 4217 currency.")
class Money:
    """Money on the wire."""

    amount_minor: MinorUnits
    currency: str

    @classmethod
    def of(cls, amount: Amount) -> Self:
        """Return an amount of the core as GraphQL shows it."""
        return cls(amount_minor=MinorUnits(amount.amount_minor), currency=amount.currency)


@strawberry.type(description="Where a page of a list begins and ends (Relay cursor connections).")
class PageInfo:
    """Position of a page."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Node]):
    """One element of a list with its cursor."""

    cursor: str
    node: Node


@strawberry.type
class Connection(Generic[Node]):
    """A page of a list (Relay cursor connections), at most 100 elements."""

    edges: list[Edge[Node]]
    page_info: PageInfo

    @classmethod
    def of(
        cls,
        nodes: Iterable[tuple[str, Node]],
        *,
        has_next: bool,
        has_previous: bool = False,
    ) -> Self:
        """Build a page from ``(cursor, node)`` pairs in order."""
        edges = [Edge(cursor=cursor, node=node) for cursor, node in nodes]
        return cls(
            edges=edges,
            page_info=PageInfo(
                has_next_page=has_next,
                has_previous_page=has_previous,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )


def _instant(at: datetime) -> str:
    """Write a moment as compiled statements do: UTC, the fraction without trailing zeros."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if at.microsecond else text}+00:00"


def _moment(value: object) -> datetime:
    """Read a moment; a time of no zone is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise GraphQLError("DateTime wants a moment in ISO 8601 with its offset from UTC.")
    return found


INSTANT = strawberry.scalar(
    name="DateTime",
    description="A moment in ISO 8601, always in UTC (2026-11-23T04:00:00.5+00:00).",
    serialize=_instant,
    parse_value=_moment,
)

SCALARS: Mapping[object, Any] = {MinorUnits: MINOR_UNITS, datetime: INSTANT}
"""Scalars for the schema's configuration."""
