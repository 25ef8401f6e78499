"""A handler asks another mini-app's service; a test says what it answers."""

from dataclasses import dataclass

import pytest

from shimin_sdk import App, Call, HostError, UserError
from shimin_sdk.errors import QuotaExceeded, ScopeNotDeclared, UpstreamUnavailable
from shimin_sdk.package import PackageData
from shimin_sdk.testing import CitizenPhone, MemoryHost, TestClock

RESIDENCE = "linhai.psb.residence"
PACKAGE = PackageData(
    manifest={
        "app_id": "linhai.test.app",
        "lang": "en",
        "version": {"code": 1, "name": "1.0.0"},
        "shimin": {
            "operations": {"required": []},
            "imports": [{"app": RESIDENCE, "operation": "verify", "purpose": "p", "retention": "P0D"}],
        },
    },
    documents=(),
)


@dataclass(frozen=True)
class Asked:
    month: int


@pytest.fixture
def citizen() -> CitizenPhone:
    app = App(PACKAGE)

    @app.query
    def resident(call: Call) -> bool:
        return bool(call.service(RESIDENCE, "verify", Asked(month=5))["resident"])

    @app.query
    def bare(call: Call) -> bool:
        return bool(call.service(RESIDENCE, "verify"))

    @app.query
    def elsewhere(call: Call) -> bool:
        return bool(call.service(RESIDENCE, "move"))

    @app.query
    def patient(call: Call) -> str:
        try:
            call.service(RESIDENCE, "verify")
        except (UpstreamUnavailable, QuotaExceeded) as error:
            raise UserError("residence.later") from error
        return "now"

    return CitizenPhone(app, MemoryHost(PACKAGE, {}, "en"), "sub_1", "en", TestClock())


def test_a_service_is_asked_with_what_the_handler_gives_and_answers_what_the_test_says(citizen: CitizenPhone) -> None:
    with pytest.raises(AssertionError, match=r"citizen\.serve\("):
        citizen.call("resident")
    citizen.serve(RESIDENCE, "verify", {"resident": True})
    assert citizen.call("resident") is True
    assert citizen.host.asked_services[-1] == (f"{RESIDENCE}/verify", {"month": 5})
    citizen.call("bare")
    assert citizen.host.asked_services[-1][1] == {}


def test_a_service_the_manifest_does_not_import_is_never_asked(citizen: CitizenPhone) -> None:
    assert citizen.refused("elsewhere").code == "SERVICE_NOT_DECLARED"
    assert citizen.host.asked_services == []


@pytest.mark.parametrize("code", ["SERVICE_UNAVAILABLE", "SERVICE_NOT_OFFERED", "SERVICE_CHAIN_REFUSED"])
def test_a_refusal_has_the_type_that_says_what_to_do(citizen: CitizenPhone, code: str) -> None:
    citizen.serve(RESIDENCE, "verify", HostError(code, "no"))
    assert citizen.refused("patient").code == "residence.later"
    assert citizen.refused("resident").code == code


def test_what_the_core_refuses_as_not_declared_is_the_developers_to_mend() -> None:
    assert isinstance(HostError("SERVICE_NOT_DECLARED", "no").typed(), ScopeNotDeclared)
