"""People at the terminal: an empty installation gets its first department, members and operators."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shimin.cli import build
from shimin.db import migrate
from shimin.identity import RolesApart
from shimin.kit.refusal import Refusal
from shimin.people import DepartmentUnknown

PHONE, OTHER = "+8619900007001", "+8619900007002"


@pytest.fixture(autouse=True)
def own_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in [key for key in os.environ if key.startswith("SHIMIN_") and not key.startswith("SHIMIN_TEST_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("SHIMIN_DATA_DIR", str(tmp_path))
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'shimin.db'}"))


def shimin(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(build(["people"]), ["people", *arguments])


def answer(*arguments: str) -> dict[str, object]:
    result = shimin(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_the_first_people_of_an_installation() -> None:
    assert "Nobody holds an office yet" in shimin("list").output
    department = ("department", "hrss.linhai", "--name", "人社局", "--name-en", "Social Security")
    assert answer(*department) == {"id": "hrss.linhai", "namespace": "linhai.hrss.", "changed": True}
    assert answer(*department)["changed"] is False
    admin = answer("appoint", PHONE, "--name", "管部门", "--role", "department_admin", "--department", "hrss.linhai")
    reviewer = answer("appoint", OTHER, "--name", "申审核", "--role", "reviewer")
    assert (admin["kind"], reviewer["kind"]) == ("member", "operator")
    listed = shimin("list").output
    assert all(word in listed for word in (str(admin["id"]), "department_admin", "hrss.linhai", "申审核", "****"))
    assert PHONE not in listed
    assert answer("dismiss", str(reviewer["id"])) == {"id": reviewer["id"], "changed": True}
    assert answer("dismiss", str(reviewer["id"]))["changed"] is False
    assert "申审核" not in shimin("list").output
    everybody = json.loads(shimin("list", "--all", "--json").stdout)
    assert {person["name"]: bool(person["dismissed_at"]) for person in everybody} == {"申审核": True, "管部门": False}


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("--role", "developer", "--department", "tax.linhai"), DepartmentUnknown),
        (("--role", "reviewer", "--role", "releaser"), RolesApart),
        (("--role", "developer"), Refusal),
    ],
)
def test_an_office_that_cannot_be_is_refused_by_its_code(arguments: tuple[str, ...], refusal: type[Refusal]) -> None:
    result = shimin("appoint", PHONE, "--name", "陈明", *arguments)
    assert isinstance(result.exception, refusal), result.output
    assert json.loads(shimin("list", "--json").stdout) == []


def test_an_unknown_role_is_wrong_use_and_names_the_roles() -> None:
    result = shimin("appoint", PHONE, "--name", "陈明", "--role", "king")
    assert result.exit_code == 2
    assert "department_admin" in result.output
