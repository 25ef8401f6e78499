"""``shimin-sdk dev --sandbox``: the same phone, with the real component behind it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shimin_sdk.dev import Backend
from shimin_sdk.dev.walls import WallsMissing, open_walls

APP = Path(__file__).parents[2] / "miniapps" / "social-security"
OVERVIEW = "operations/overview.graphql"
LIN = "sub_dev_1"


@pytest.fixture(scope="module")
def steps() -> list[str]:
    """Give the steps that the phone was shown."""
    return []


@pytest.fixture(scope="module")
def backend(steps: list[str]) -> Iterator[Backend]:
    """Give the sample's desk, built for real."""
    walls = open_walls()
    try:
        opened = Backend(APP, walls=walls, changed=lambda: None)
        deadline = time.monotonic() + 180
        while opened.building:
            assert time.monotonic() < deadline
            if opened.building not in steps:
                steps.append(opened.building)
            assert opened.call(LIN, "en", "overview", {}, None)["error"]["code"] in {"BUILDING", "CONSENT_REQUIRED"}
            time.sleep(0.02)
        assert opened.problem == ""
        yield opened
    finally:
        walls.close()


def test_the_build_shows_how_far_it_is(backend: Backend, steps: list[str]) -> None:
    assert backend.generation > 1
    assert {"componentize", "compile"} <= set(steps)


def test_the_component_asks_consent_answers_and_takes_a_payment_as_the_native_code_does(backend: Backend) -> None:
    native = Backend(APP)
    for desk in (backend, native):
        desk.decide(LIN, OVERVIEW, "withdraw")
        assert desk.call(LIN, "en", "overview", {}, None)["error"]["code"] == "CONSENT_REQUIRED"
        desk.decide(LIN, OVERVIEW, "grant")
    answers = [desk.call(LIN, "en", "overview", {}, None) for desk in (backend, native)]
    assert answers[0] == answers[1]
    assert answers[0]["ok"]
    used = backend.calls[-1]
    assert (used.host_calls, used.code) == ([f"execute {OVERVIEW}"], "OK")
    assert used.cpu_ms > 0
    asked = backend.call(LIN, "en", "pay_bill", {"billReference": "HR-2026-11"}, "tap-1")
    assert backend.pay(LIN, asked["result"]["paymentId"], "paid")["result"] == "submitted"
    due = backend.call(LIN, "en", "overview", {}, None)["result"]["billsDue"]
    assert [one["reference"] for one in due] == ["HR-2026-12"]


def test_without_a_builder_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shimin_sdk.dev.walls.GROUP", "shimin_sdk.nothing")
    with pytest.raises(WallsMissing, match="no builder"):
        open_walls()
