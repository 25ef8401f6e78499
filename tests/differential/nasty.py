"""A schema of the tests' own, with what the product's has not yet: over the same machinery, and made to go wrong."""

from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from shimin.db import Column, Database, Everyone, InLanguage, Is, Labelled, OwnRows, Same, View, dump_document
from shimin.db.binding import FLAG_SQLITE_TYPE, INSTANT_SQLITE_TYPE
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Info
from shimin_graphql.engine.mapping import LaterThanNow
from shimin_graphql.types.audit import PersonalScope
from shimin_graphql.types.base import ANYONE, CITIZEN, SCALARS, Money, field
from shimin_graphql.types.rows import counted, each, link, listed, one, pages, part, rows, value

COLUMNS = {
    "id": Column("id", "id", "public"),
    "owner": Column("owner", "id", "personal"),
    "parent": Column("parent", "id", "public", nullable=True),
    "colour": Column("colour", "text", "public", nullable=True),
    "strict": Column("strict", "text", "public", nullable=True),
    "figure": Column("figure", "integer", "public", nullable=True),
    "amount_minor": Column("amount_minor", "money", "public"),
    "at": Column("at", "instant", "public", nullable=True),
    "due_on": Column("due_on", "date", "public", nullable=True),
    "is_open": Column("is_open", "flag", "public"),
    "words": Column("words", "document", "public"),
    "items": Column("items", "document", "public"),
}
KNOTS = View(
    name="knot",
    table="knot",
    columns=COLUMNS,
    key=("id",),
    visible=Everyone(),
    sort={"id": (("id", "asc"),), "mixed": (("amount_minor", "desc"), ("id", "asc"))},
    changed_by=("knot.tied",),
)
OWN_KNOTS = View(
    name="own_knot",
    table="knot",
    columns=COLUMNS,
    key=("id",),
    visible=OwnRows("owner"),
    sort={"figure": (("amount_minor", "asc"), ("id", "desc"))},
)
KNOT_COUNT = 40
FAULTY = 13
"""Every so many rows hold what their type does not allow."""
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@strawberry.enum
class Colour(Enum):
    """Names that differ from what is stored."""

    RED = "red"
    DARK_GREEN = "dark-green"
    QUOTED = 'quo"ted'


@strawberry.interface
class Thing:
    """What a union's members share."""

    id: strawberry.ID


@strawberry.type
class Pebble(Thing):
    """A member without rows."""

    weight: float
    colours: list[Colour | None]
    grid: list[list[int] | None]
    strict_grid: list[list[int]] | None
    free: JSON

    @strawberry.field
    def crack(self) -> str:
        """Fail always."""
        raise NotFound

    @strawberry.field
    async def next(self, deep: int = 0) -> "Pebble | None":
        """Return another, or null."""
        return None if deep > 1 else pebble(deep + 2)


def pebble(number: int) -> Pebble:
    """Return a pebble; some are broken inside."""
    broken: Any = [[1], None, [2, 2**40]] if number % 3 == 0 else [[1, 2], []]
    free: Any = {"a": [1, None, {"b": 'quo"ted 社保'}], "n": number}
    return Pebble(
        id=strawberry.ID(f"peb_{number}"),
        weight=number * 0.1,
        colours=[Colour.RED, None, Colour.QUOTED],
        grid=[[1, 2], None, [], [2**31 - 1]],
        strict_grid=broken,
        free=free,
    )


@rows(KNOTS)
@strawberry.type
class Peg(Thing):
    """What a knot is tied to; not every row fits it, so that nulls go outwards."""

    id: strawberry.ID
    strict: str
    loud: Colour = value(Same("colour"))
    due_on: date | None


@rows(KNOTS)
@strawberry.type
class Knot(Thing):
    """A row of everything."""

    id: strawberry.ID
    parent: strawberry.ID | None
    peg: Peg | None = link(Peg, KNOTS, column="parent", key="id")
    strict: str
    colour: Colour | None
    figure: int | None
    amount: Money = part(amount_minor="amount_minor", currency="id")
    at: datetime | None
    due_on: date | None
    is_open: bool
    is_red: bool = value(Is("colour", "red"))
    words: JSON
    text: str = value(InLanguage("words", otherwise="id"))
    items: list[str]
    each_item: list[PersonalScope] = each("items", scope=Same("item"), label=Labelled("item", "scope."))

    @strawberry.field
    async def pebbles(self, count: int = 2) -> list[Pebble] | None:
        """Return pebbles, or null."""
        return None if count < 0 else [pebble(number) for number in range(min(count, 4))]


@rows(KNOTS)
@strawberry.type
class Bead(Thing):
    """A row of which everything is worked out where it lies, and always fits."""

    id: strawberry.ID
    parent: strawberry.ID | None
    peg: Peg | None = link(Peg, KNOTS, column="parent", key="id")
    colour: str | None
    amount: Money = part(amount_minor="amount_minor", currency="id")
    at: datetime | None
    is_open: bool
    items: list[str]
    free: JSON = value(Same("words"))


Anything = Annotated[Pebble | Knot, strawberry.union("Anything")]


@strawberry.type
class Query:
    """Rows in every way they can be asked for, and things without rows."""

    knots = pages(Knot, KNOTS, order="mixed", allow=ANYONE, description="Both ways.")
    beads = pages(Bead, KNOTS, order="id", allow=ANYONE, where={"colour": "red"}, description="Red ones, a page.")
    own_beads = pages(Bead, OWN_KNOTS, order="figure", allow=CITIZEN, description="The caller's.")
    red = listed(Bead, KNOTS, order="id", allow=ANYONE, where={"colour": "red"}, description="Red ones.")
    quoted = counted(KNOTS, allow=ANYONE, where={"colour": 'quo"ted'}, description="How many are.")
    colourless = counted(KNOTS, allow=ANYONE, where={"colour": None}, description="How many are not coloured.")
    later = listed(Knot, KNOTS, order="mixed", allow=ANYONE, where={"at": LaterThanNow()}, description="Still to come.")
    knot = one(Knot, KNOTS, argument="id", column="id", allow=ANYONE, description="One.")
    own_bead = one(Bead, OWN_KNOTS, argument="id", column="id", allow=CITIZEN, description="One of the caller's.")

    @field(allow=ANYONE)
    async def things(self, info: Info, colours: list[Colour] | None = None) -> list[Thing | None]:  # noqa: ARG002
        """Return things of several types."""
        return [pebble(number) for number in range(len(colours or [1]))] + [None]

    @field(allow=ANYONE)
    def anything(self, info: Info, weight: float = 1.5) -> Anything | None:  # noqa: ARG002
        """Return one of a union."""
        return pebble(int(weight)) if abs(weight) < 100 else None

    @field(allow=CITIZEN)
    async def strict_pebble(self, info: Info, free: JSON | None = None) -> Pebble:
        """Return a pebble, or take everything with it."""
        if info.context.call.locale == "en":
            raise NotFound
        return pebble(3 if free is None else 4)


SCHEMA = strawberry.Schema(Query, types=[Bead], config=StrawberryConfig(scalar_map=dict(SCALARS)))._schema


async def tie(db: Database, owners: list[str]) -> None:
    """Make the table of knots and fill it."""
    sqlite = db.engine == "sqlite"
    instant, flag = (INSTANT_SQLITE_TYPE, FLAG_SQLITE_TYPE) if sqlite else ("TIMESTAMPTZ", "BOOLEAN")
    async with db.unit() as unit:
        await unit.execute(
            "CREATE TABLE knot (id TEXT PRIMARY KEY, owner TEXT, parent TEXT, colour TEXT, strict TEXT, figure BIGINT,"
            f" amount_minor BIGINT, at {instant}, due_on TEXT, is_open {flag}, words TEXT, items TEXT)"
        )
        for number in range(KNOT_COUNT):
            await unit.execute(
                "INSERT INTO knot VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                f"knot_{number:03}",
                owners[number % len(owners)],
                None if number % 4 == 0 else f"knot_{number * 7 % (KNOT_COUNT + 5):03}",
                (None, "red", "dark-green", 'quo"ted', "red")[number % 5] if number % FAULTY else "unknown",
                f"strict {number} 社保" if number % FAULTY != 1 else None,
                (None, 0, -1, 2**31 - 1, -(2**31))[number % 5] if number % FAULTY != 2 else 2**31,
                (0, 5, -5, 2**63 - 1, -(2**63))[number % 5],
                None if number % 5 == 0 else NOON + timedelta(days=number - 20, microseconds=number * 1000),
                None if number % 3 == 0 else "2026-02-28",
                number % 2 == 0,
                dump_document(({"zh-Hans": "词", "en": "words"}, {}, {"en": 'a "b" \x01', "z": [1, None]})[number % 3]),
                dump_document(([], ["a", "insurance.pension.balance"], ["", "\\", "\u2028"])[number % 3]),
            )
