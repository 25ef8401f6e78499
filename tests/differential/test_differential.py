"""Every way to run a document gives one answer, byte for byte: the registered ones, and as many as a seed can write."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence

import orjson
import pytest
from tests.differential.city import BELONGS_APART, LIN, City, Office, callers
from tests.differential.suite import STOCK_DROPS, Request, Suite, Tally, known_by, mapped_fields

from shimin.db import Database, open_database
from shimin.kit.clock import FixedClock
from shimin_graphql.engine.documents import Documents
from shimin_graphql.schema import schema

SCHEMA = schema._schema
DOCUMENTS = int(os.environ.get("SHIMIN_DIFFERENTIAL_DOCUMENTS", "240"))
SEED = os.environ.get("SHIMIN_DIFFERENTIAL_SEED", "1")
ONLY = os.environ.get("SHIMIN_DIFFERENTIAL_ONLY")
"""Runs this one document of the seed alone."""
ALL_FIELDS_BY = 1_000
"""By so many documents every field that rows answer was answered by them."""
pytestmark = STOCK_DROPS
BACKED = sorted(name.removeprefix("Query.") for name in mapped_fields(SCHEMA) if name.startswith("Query."))


@pytest.fixture
async def suite(
    db: Database, database_url: str, models: tuple[str, ...], frozen_clock: FixedClock
) -> AsyncIterator[Suite]:
    """Give the city in a database that is opened twice: for batches of many callers, and for one at a time."""
    await City(db, frozen_clock).found()
    single = await open_database(database_url, models=models, pool_size=2, clock=frozen_clock, batch_max=1)
    yield Suite(SCHEMA, [db, single], frozen_clock, callers(), Office())
    await single.close()


async def known_values(suite: Suite) -> Mapping[str, Sequence[str]]:
    """Return ids and cursors that exist, by the argument they are for, and cursors of other lists."""
    documents = Documents(SCHEMA)
    found: dict[str, list[str]] = {}
    for name in [*BACKED, "viewer { sessions }"]:
        field = name.removeprefix("viewer { ").removesuffix(" }")
        if field not in {"unreadCount", "viewer", "payment", "miniApps"}:
            text = "{ " + name.replace("sessions", "").strip(" {}") + " { sessions { edges { cursor } } } }"
            if field == name:
                text = f"{{ {name} {{ edges {{ cursor }} }} }}"
            for caller in ("lin", "a member", "an auditor"):
                body = orjson.loads(await suite.ask(suite.stock, documents.compile(text), Request(caller, {})))
                data = body["data"] or {}
                page = (data.get("viewer") or {}).get("sessions") if field == "sessions" else data.get(name)
                if page:
                    found[field] = [edge["cursor"] for edge in page["edges"]]
                    break
    foreign = [cursors[0] for cursors in found.values() if cursors]
    values: dict[str, Sequence[str]] = {}
    for field, cursors in found.items():
        kind = "Viewer" if field == "sessions" else "Query"
        bad = ["", "zz", "ff", "5b5d", cursors[0][:-2] if cursors else "00", *foreign]
        values |= {f"{kind}.{field}.{end}": [*cursors[:12], *cursors[-3:], *bad[:3]] for end in ("after", "before")}
    ids = documents.compile("{ payments { edges { node { id } } } guides { edges { node { code } } } }")
    data = orjson.loads(await suite.ask(suite.stock, ids, Request("lin", {})))["data"]
    values["Query.payment.id"] = [edge["node"]["id"] for edge in data["payments"]["edges"]] + ["pay_none", LIN]
    values["Query.guide.code"] = [edge["node"]["code"] for edge in data["guides"]["edges"]] + ["none"]
    return values


async def test_every_generated_document_has_one_answer(suite: Suite) -> None:
    values = await known_values(suite)
    known = {name: known_by(SCHEMA, call, values, BELONGS_APART) for name, call in callers().items()}
    await suite.run(
        SEED, [int(ONLY)] if ONLY else range(DOCUMENTS), known, [*["lin", "lin in English", "wu"] * 3, *known]
    )
    assert len(suite.tally.differences) == 0
    if not ONLY:
        assert_not_dull(suite.tally)


def assert_not_dull(tally: Tally) -> None:
    """Hold that the documents reach what they are to prove: few enough cannot, and the generator cannot go astray."""
    assert tally.share(tally.wholly) >= 0.3
    assert tally.share(tally.partly) >= 0.1
    assert 0.05 <= tally.share(tally.with_errors) <= 0.5
    assert not {f"Query.{name}" for name in BACKED} - set(tally.fields)
    missing = mapped_fields(SCHEMA) - tally.compiled_fields
    reached = {name.partition(".")[0] for name in tally.compiled_fields}
    assert not {name.partition(".")[0] for name in missing} - reached
    if tally.documents >= ALL_FIELDS_BY:
        assert not missing
