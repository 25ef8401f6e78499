"""Offices and departments change together with the log, or not at all."""

import pytest

from shimin import departments, identity, people
from shimin.audit import PLATFORM_CHAIN, PLATFORM_LOG, verify
from shimin.db import Database, Row, read_page
from shimin.departments import Department, namespace_of, owns_app_id
from shimin.identity import Appointment, RolesApart
from shimin.kit.call import Actor, Call, Locale, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotAllowed, Refusal
from shimin.people import DepartmentUnknown

HRSS = DepartmentId("hrss.linhai")
NAMES: dict[Locale, str] = {"zh-Hans": "人社局", "en": "Social Security"}
DEVELOPER = Appointment("+8619900007001", "陈明", "member", frozenset({"developer"}), HRSS)
REVIEWER = Appointment("+8619900007002", "周岚", "operator", frozenset({"reviewer"}))
AUDITOR = Call(actor=Actor(kind="operator", id="stf_au", roles=frozenset({"auditor"})))


async def log_of(db: Database) -> list[Row]:
    async with db.reader() as reader:
        rows = (await read_page(reader, PLATFORM_LOG, AUDITOR, order="newest", first=100)).rows
        assert (await verify(reader, PLATFORM_CHAIN)).holds
    return list(reversed(rows))


async def register(db: Database, clock: FixedClock, names: dict[Locale, str]) -> bool:
    async with db.unit() as unit:
        return await people.register_department(system_call(), Department(HRSS, names), unit=unit, clock=clock)


async def give(db: Database, clock: FixedClock, office: Appointment, call: Call | None = None) -> str:
    async with db.unit() as unit:
        return await people.appoint(call or system_call(), office, unit=unit, clock=clock)


async def test_every_act_is_one_line_of_the_log_without_numbers_or_names(
    db: Database, frozen_clock: FixedClock
) -> None:
    assert await register(db, frozen_clock, NAMES)
    assert not await register(db, frozen_clock, NAMES)
    developer = await give(db, frozen_clock, DEVELOPER)
    reviewer = await give(db, frozen_clock, REVIEWER)
    async with db.unit() as unit:
        assert await people.dismiss(system_call(), developer, unit=unit, clock=frozen_clock)
        assert not await people.dismiss(system_call(), developer, unit=unit, clock=frozen_clock)
    lines = await log_of(db)
    assert [(line["action"], line["subject"]) for line in lines] == [
        ("department.registered", HRSS),
        ("staff.appointed", developer),
        ("staff.appointed", reviewer),
        ("staff.dismissed", developer),
    ]
    assert lines[1]["details"] == {"kind": "member", "roles": "developer", "department_id": HRSS}
    assert not any(word in str(lines) for word in ("陈明", "周岚", "199000", "人社局"))


@pytest.mark.parametrize(
    ("office", "call", "refusal"),
    [
        (DEVELOPER, system_call(), DepartmentUnknown),
        (Appointment("+8619900007003", "吴", "operator", frozenset({"reviewer", "releaser"})), None, RolesApart),
        (REVIEWER, AUDITOR, NotAllowed),
    ],
    ids=["a department that is not registered", "two roles apart", "nobody's to give"],
)
async def test_what_is_refused_leaves_no_line_and_no_office(
    db: Database, frozen_clock: FixedClock, office: Appointment, call: Call | None, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await give(db, frozen_clock, office, call)
    assert await log_of(db) == []
    async with db.reader() as reader:
        assert await identity.list_staff(reader) == []


async def test_staff_are_listed_with_their_numbers_hidden(db: Database, frozen_clock: FixedClock) -> None:
    await register(db, frozen_clock, NAMES)
    ids = [await give(db, frozen_clock, office) for office in (DEVELOPER, REVIEWER)]
    async with db.unit() as unit:
        await people.dismiss(system_call(), ids[0], unit=unit, clock=frozen_clock)
    async with db.reader() as reader:
        reviewer, developer = await identity.list_staff(reader)
        assert await departments.is_registered(reader, HRSS)
        assert not await departments.is_registered(reader, DepartmentId("tax.linhai"))
    assert (reviewer.name, reviewer.roles, reviewer.dismissed_at) == ("周岚", ("reviewer",), None)
    assert (developer.department_id, developer.dismissed_at) == (HRSS, frozen_clock.now())
    assert "0007" not in developer.phone


@pytest.mark.parametrize(
    ("department_id", "app_id", "owned"),
    [
        ("hrss.linhai", "linhai.hrss.pension", True),
        ("hrss.linhai", "linhai.hrss.pension.extra", False),
        ("hrss.linhai", "linhai.hrss", False),
        ("hrss.linhai", "linhai.hrss.", False),
        ("hrss.linhai", "linhai.hrssx.pension", False),
        ("hrss.linhai", "hrss.linhai.pension", False),
        ("pension.hrss.linhai", "linhai.hrss.pension.extra", True),
        ("pension.hrss.linhai", "linhai.hrss.pension", False),
    ],
)
def test_an_app_id_belongs_to_one_department_alone(department_id: str, app_id: str, owned: bool) -> None:  # noqa: FBT001
    assert owns_app_id(DepartmentId(department_id), app_id) is owned
    assert namespace_of(HRSS) == "linhai.hrss."
