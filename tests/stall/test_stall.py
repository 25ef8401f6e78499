"""No request, however it is made, holds the server up: it is refused by its name while others are answered."""

import pytest
from tests.stall.conftest import Server
from tests.stall.hostile import HOSTILE, text

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_request_is_refused_while_a_neighbour_is_answered(server: Server, name: str) -> None:
    hostile = HOSTILE[name]
    noticed = await server.notice(hostile)
    answer = noticed.response.json()
    error = answer["errors"][0]["extensions"] if "errors" in answer else answer
    assert (noticed.response.status_code, error["code"]) == (hostile.status, hostile.code), noticed.response.text[:500]
    assert error.get("params", {}).get("limit", "") == hostile.limit
    assert "data" not in answer
    assert len(noticed.response.content) < 20_000
    for inside in ("Traceback", ".py"):
        assert inside not in noticed.response.text
    assert noticed.is_harmless, (noticed.processor_ms, noticed.neighbour_ms)


def test_there_are_many_ways_to_be_hostile() -> None:
    assert len(HOSTILE) >= 60


async def test_without_limits_a_document_does_harm(unlimited_server: Server) -> None:
    """The control: what the tests above look at would show a server that is held up."""
    noticed = await unlimited_server.notice(text("", "{ viewer {" + " name" * 1_000 + " x } }"))
    assert noticed.processor_ms > 100
    assert noticed.neighbour_ms > 50
