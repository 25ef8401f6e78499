"""What callers may spend on texts of their own: a minute at a time, each their own, and never more than was given."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import fakeredis
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tests.contract.cache.test_cache import DEAD

from shimin.adapters.memory_cache import MemoryCache
from shimin.adapters.redis_cache import RedisCache
from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId
from shimin.ports.cache import Cache
from shimin_graphql.context import Context
from shimin_graphql.engine.budget import READING_COST, WINDOW_S, Budget, network
from shimin_graphql.engine.documents import DocumentError, Documents
from shimin_graphql.engine.errors import BudgetExhausted, DocumentTooCostly
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.limits import Limits
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine

TEXT = "{ hello }"
COST = 5
ADDRESS = "198.51.100.7"
NOBODY = Call(actor=ANONYMOUS, locale="en")


def citizen(name: str) -> Call:
    return Call(actor=Actor(kind="citizen", id=name, citizen_id=CitizenId(name), assurance=1))


def budget(documents: Documents, cache: Cache, clock: FixedClock, points: int = 1_000) -> Budget:
    return Budget(documents, cache=cache, clock=clock, signed_in_points=2 * points, anonymous_points=points)


@pytest.fixture(params=["memory", "redis", "dead redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: dict[str, Any] = {
        "memory": MemoryCache,
        "redis": lambda: RedisCache(fakeredis.FakeAsyncRedis()),
        "dead redis": lambda: RedisCache.open(DEAD),
    }
    opened: Cache = made[request.param]()
    yield opened
    await opened.close()


async def test_a_text_costs_its_reading_once_and_its_running_every_time(
    documents: Documents, cache: Cache, frozen_clock: FixedClock
) -> None:
    spending = budget(documents, cache, frozen_clock)
    _, first = await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    _, second = await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    assert first == {"cost": {"requested": COST, "limit": 1_000, "remaining": 1_000 - READING_COST - COST}}
    assert second == {"cost": {"requested": COST, "limit": 1_000, "remaining": 1_000 - READING_COST - 2 * COST}}


async def test_what_the_budget_does_not_cover_is_refused_until_the_next_minute(
    documents: Documents, cache: Cache, frozen_clock: FixedClock
) -> None:
    spending = budget(documents, cache, frozen_clock, READING_COST + 2 * COST + 1)
    await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    frozen_clock.at += timedelta(seconds=18)
    with pytest.raises(BudgetExhausted) as refused:
        await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    assert refused.value.params == {"requested": COST, "remaining": 1, "retry_after_s": WINDOW_S - 18}
    frozen_clock.at += timedelta(seconds=refused.value.retry_after_s)
    await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)


async def test_what_was_refused_costs_nothing_and_what_was_wrong_costs_its_reading(
    documents: Documents, frozen_clock: FixedClock
) -> None:
    spending = budget(documents, MemoryCache(), frozen_clock, 2 * READING_COST + COST)
    await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    with pytest.raises(DocumentError):
        await spending.charge("{ nothing }", None, {}, NOBODY, ADDRESS)
    for _ in range(3):
        with pytest.raises(BudgetExhausted) as refused:
            await spending.charge("{ nothing }", None, {}, NOBODY, ADDRESS)
        assert refused.value.remaining == 0


async def test_signed_in_callers_have_each_their_own_and_all_others_of_an_address_share_one(
    documents: Documents, frozen_clock: FixedClock
) -> None:
    spending = budget(documents, MemoryCache(), frozen_clock, READING_COST + COST)
    _, left = await spending.charge(TEXT, None, {}, citizen("one"), ADDRESS)
    assert left["cost"]["remaining"] == READING_COST + COST
    _, left = await spending.charge(TEXT, None, {}, citizen("other"), ADDRESS)
    assert left["cost"]["remaining"] == 2 * READING_COST + COST
    for _ in range(READING_COST // COST + 1):
        await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    with pytest.raises(BudgetExhausted):
        await spending.charge(TEXT, None, {}, NOBODY, ADDRESS)
    await spending.charge(TEXT, None, {}, NOBODY, "203.0.113.1")


async def test_callers_who_spend_at_once_never_spend_more_than_there_is(
    documents: Documents, cache: Cache, frozen_clock: FixedClock
) -> None:
    documents.compile(TEXT)
    spending = budget(documents, cache, frozen_clock, 10 * COST)
    done = await asyncio.gather(
        *(spending.charge(TEXT, None, {}, NOBODY, ADDRESS) for _ in range(40)), return_exceptions=True
    )
    assert sum(not isinstance(item, BudgetExhausted) for item in done) <= 10


async def test_nobody_gets_a_document_beyond_the_limit_however_much_they_have(
    documents: Documents, frozen_clock: FixedClock
) -> None:
    documents = Documents(documents.schema, Limits(cost=COST - 1))
    with pytest.raises(DocumentTooCostly) as refused:
        await budget(documents, MemoryCache(), frozen_clock).charge(TEXT, None, {}, NOBODY, ADDRESS)
    assert refused.value.limit == "cost"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("a socket", "unknown"),
    ],
)
def test_an_address_stands_for_the_subscriber_behind_it(address: str, expected: str) -> None:
    assert network(address) == expected


async def test_over_http_the_response_says_the_cost_and_a_refusal_when_to_come_back(
    documents: Documents, frozen_clock: FixedClock
) -> None:
    async def make_context(headers: Headers) -> Context:  # noqa: ARG001
        nowhere: Any = None
        return Context(call=NOBODY, platform=nowhere)

    endpoint = GraphQLEndpoint(
        Engine(documents.schema, timeout_s=5, hide_suggestions=True, tier="batched"),
        Intake(
            documents,
            make_context,
            Origins(),
            budget=budget(documents, MemoryCache(), frozen_clock, READING_COST + COST),
            body_bytes_max=10_000,
            texts_allowed=True,
        ),
    )
    trusted = documents.register("query Trusted { hello }")
    app = Starlette(routes=[Route("/graphql", endpoint)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shimin.test") as client:
        paid = await client.post("/graphql", json={"query": TEXT})
        assert paid.json()["extensions"]["cost"] == {"requested": COST, "limit": READING_COST + COST, "remaining": 0}
        refused = await client.post("/graphql", json={"query": TEXT})
        assert refused.status_code == 429
        error = refused.json()["errors"][0]["extensions"]
        assert (error["code"], error["retryable"]) == ("BUDGET_EXHAUSTED", True)
        assert 0 < error["params"]["retry_after_s"] <= WINDOW_S
        free = await client.post("/graphql", json={"documentId": trusted.id})
        assert free.json() == {"data": {"hello": "hello x"}}, "trusted documents are measured, never charged"
