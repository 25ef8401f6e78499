"""The one way to deprecate a field, an argument, an input field or an enum value: since, until, and what to use."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

NOTICE_DAYS_MIN = 90
"""A client has at least this long between the release that deprecates and the day of removal."""
_FORM = re.compile(
    r"Since (?P<since>\d+\.\d+\.\d+), until (?P<until>\d{4}-\d{2}-\d{2}): use (?P<use>\S(?:.*\S)?)\.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What a client must know of something that will go."""

    since: str
    """The release that deprecated it, as ``0.2.0``."""
    until: date
    """The last day on which it is served for certain."""
    use: str
    """What takes its place, as a schema coordinate (``Viewer.phones``) or in words."""

    def __str__(self) -> str:
        """Write it as the schema says it, for people and machines alike."""
        return f"Since {self.since}, until {self.until.isoformat()}: use {self.use}."

    def is_due(self, today: date) -> bool:
        """Return whether the promise has ended, so that it may and must be removed."""
        return self.until < today


def deprecated(*, since: str, until: date, use: str) -> str:
    """Return the ``deprecation_reason`` for strawberry's ``field``, ``argument`` and ``enum_value``.

    Args:
        since: the release in which clients first read this, three numbers.
        until: the last day it is served, at least 90 days after that release.
        use: what takes its place, without a full stop at its end: ``Viewer.phones``.

    Raises:
        ValueError: the text would not be read back as it was meant.
    """
    meant = Deprecation(since, until, use)
    if read_deprecation(str(meant)) != meant:
        raise ValueError(f"not a deprecation that can be read back: {meant}")
    return str(meant)


def read_deprecation(reason: str) -> Deprecation | None:
    """Return what a ``@deprecated`` reason says, or None where it has another form."""
    found = _FORM.fullmatch(reason)
    if not found:
        return None
    try:
        until = date.fromisoformat(found["until"])
    except ValueError:
        return None
    return Deprecation(found["since"], until, found["use"])


def deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Yield the coordinate and the reason of everything that a schema marks as deprecated, arguments too.

    Source: GraphQL specification, section 3.10 (schema coordinates).
    """
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        members: dict[str, str | None] = {}
        if isinstance(kind, GraphQLEnumType):
            members = {f"{name}.{key}": value.deprecation_reason for key, value in kind.values.items()}
        elif isinstance(kind, GraphQLInputObjectType):
            members = {f"{name}.{key}": field.deprecation_reason for key, field in kind.fields.items()}
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for key, field in kind.fields.items():
                members[f"{name}.{key}"] = field.deprecation_reason
                members |= {f"{name}.{key}({arg}:)": told.deprecation_reason for arg, told in field.args.items()}
        yield from ((coordinate, reason) for coordinate, reason in members.items() if reason is not None)


def faults(schema: GraphQLSchema, releases: Mapping[str, date], *, next_release: str, today: date) -> list[str]:
    """Return what is wrong with a schema's deprecations, each with what to do; empty when nothing is.

    Args:
        releases: the day of each release so far, by version.
        next_release: the version being worked on; what is deprecated since then counts from ``today``.
    """
    found = []
    for coordinate, reason in deprecations(schema):
        told = read_deprecation(reason)
        if told is None:
            found.append(f"{coordinate}: write its reason with deprecated(since=…, until=…, use=…), not “{reason}”")
            continue
        begun = releases.get(told.since, today if told.since == next_release else None)
        if begun is None:
            found.append(f"{coordinate}: since {told.since}, which is neither a release nor the next ({next_release})")
        elif told.until < begun + timedelta(days=NOTICE_DAYS_MIN):
            earliest = begun + timedelta(days=NOTICE_DAYS_MIN)
            found.append(f"{coordinate}: clients need {NOTICE_DAYS_MIN} days; let it stand until {earliest} or later")
        elif told.is_due(today):
            found.append(f"{coordinate}: promised until {told.until} only; remove it, or promise it for longer")
    return found
