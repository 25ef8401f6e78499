"""Who may read: named rules, how fields and types declare them, and what is personal."""

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from shimin.kit.call import Call, Role
from shimin.kit.refusal import NotAllowed, NotSignedIn
from shimin_graphql.context import Info

Resolver = Callable[..., Any]
Made = TypeVar("Made")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="allow",
    description="Who may use the field, or each field of the type; without it, whoever was given the object.",
)
class Allow:
    """Who may use the field, or each field of the type; without it, whoever was given the object."""

    who: list[str]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="personal",
    description="Personal data of the citizen; mini-apps need consent to this scope.",
)
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
HOLDER = Access("holder", ANYONE.kinds)
"""Whoever was given the object: the field that gave it, and the view it was read through, have decided that already."""


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

    async def resolve_async(self, next_: Resolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Check, then resolve; a subscription's events begin after that."""
        self.access.check(info.context.call)
        found = next_(source, info, **kwargs)
        return await found if inspect.isawaitable(found) else found


def rule_of(declared: Any) -> Access | None:
    """Return the rule that a Strawberry field has of its own, or from its type."""
    return next((item.access for item in declared.extensions if isinstance(item, AccessExtension)), None)


def own_rule(allow: Access | None) -> dict[str, Any]:
    """Return what declares a field's own rule; nothing where it has its type's."""
    return {} if allow is None else {"directives": [Allow(who=[allow.name])], "extensions": [AccessExtension(allow)]}


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field, StrawberryField))
def object_type(*, allow: Access, description: str | None = None) -> Callable[[type[Made]], type[Made]]:
    """Declare an object type with the rule of its fields: who may read those that have none of their own.

    Every type of the schema says it (``types/rules.py``). ``HOLDER`` leaves nothing to check and costs nothing; any
    other rule is checked at each field, however the object came to the caller.
    """

    def declare(cls: type[Made]) -> type[Made]:
        shown = [] if allow is HOLDER else [Allow(who=[allow.name])]
        made: Any = strawberry.type(cls, description=description, directives=shown)
        if allow is not HOLDER:
            definition = made.__strawberry_definition__
            definition.fields = [item if rule_of(item) else _with_rule(item, allow) for item in definition.fields]
        made.__allow__ = allow
        declared: type[Made] = made
        return declared

    return declare


def _with_rule(declared: StrawberryField, allow: Access) -> StrawberryField:
    """Return a field with a rule; it may be an interface's, which other types share."""
    made = copy(declared)
    made.extensions = [AccessExtension(allow), *made.extensions]
    return made


def attribute(*, allow: Access, description: str | None = None) -> Any:
    """Declare a plain attribute with a rule of its own."""
    return strawberry.field(description=description, **own_rule(allow))


def personal(scope: str, *, description: str | None = None) -> Any:
    """Declare a plain attribute as personal data under a scope (``insurance.pension.balance``)."""
    return strawberry.field(description=description, directives=[Personal(scope=scope)])


def directives(allow: Access, scope: str | None) -> list[object]:
    """Return what the schema shows of a field's rule and scope."""
    return [Allow(who=[allow.name]), *([Personal(scope=scope)] if scope else [])]
