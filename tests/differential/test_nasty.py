"""On a schema made to go wrong, too, every document has one answer; and a wrong one would be noticed."""

from collections.abc import AsyncIterator

import pytest
from tests.differential import nasty
from tests.differential.city import LIN, WU, callers
from tests.differential.suite import STOCK_DROPS, Request, Suite, known_by, mapped_fields
from tests.differential.test_differential import DOCUMENTS, ONLY, SEED

from shimin.db import Database, Place, Same, open_database
from shimin.db.dialect import Sql
from shimin.kit.clock import FixedClock
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.mapping import Leaf

pytestmark = STOCK_DROPS
CALLERS = ("lin", "lin in English", "wu", "nobody", "an auditor")
KNOTS = [f"knot_{number:03}" for number in range(0, nasty.KNOT_COUNT, 3)] + ["none"]
VALUES = {"Query.knot.id": KNOTS, "Query.ownBead.id": KNOTS}


@pytest.fixture
async def suite(
    db: Database, database_url: str, models: tuple[str, ...], frozen_clock: FixedClock
) -> AsyncIterator[Suite]:
    """Give the knots in a database that is opened twice: for batches of many callers, and for one at a time."""
    await nasty.tie(db, [LIN, WU])
    single = await open_database(database_url, models=models, pool_size=2, clock=frozen_clock, batch_max=1)
    yield Suite(nasty.SCHEMA, [db, single], frozen_clock, callers())
    await single.close()


async def test_every_document_on_a_nasty_schema_has_one_answer(suite: Suite) -> None:
    known = {name: known_by(nasty.SCHEMA, callers()[name], VALUES) for name in CALLERS}
    await suite.run(f"nasty {SEED}", [int(ONLY)] if ONLY else range(DOCUMENTS // 2), known, CALLERS)
    assert len(suite.tally.differences) == 0
    if not ONLY:
        assert suite.tally.share(suite.tally.wholly) >= 0.2
        assert not mapped_fields(nasty.SCHEMA) - set(suite.tally.fields)


async def test_an_enumeration_that_may_be_null_is_null_where_the_row_holds_none(suite: Suite) -> None:
    document = Documents(nasty.SCHEMA).compile('{ knot(id: "knot_015") { colour } }')
    for engine in (suite.stock, *suite.others.values()):
        assert await suite.ask(engine, document, Request("nobody", {})) == b'{"data":{"knot":{"colour":null}}}'


class Crooked(Same):
    """A value that says one thing in Python and another where the row lies."""

    def sql(self, place: Place) -> Sql:
        """Return another column."""
        return place.column("parent")


async def test_a_value_that_differs_between_the_ways_is_noticed(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nasty.Bead.__row_fields__, "colour", Leaf(Crooked("colour")))  # type: ignore[attr-defined]
    known = {"lin": known_by(nasty.SCHEMA, callers()["lin"], VALUES)}
    await suite.run("crooked", range(60), known, ["lin"])
    assert suite.tally.differences
    assert all("compiled" in found for found in suite.tally.differences)
