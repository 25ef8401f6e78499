"""Departments are registered once, renamed in place, and told to whoever keeps a copy."""

import pytest

from shimin import departments
from shimin.db import Database, read_many
from shimin.departments import DEPARTMENTS, Department, InvalidDepartment
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotAllowed

HRSS = Department(DepartmentId("hrss.linhai"), {"zh-Hans": "人社局", "en": "Social security"})


async def register(db: Database, clock: FixedClock, department: Department, call: Call | None = None) -> bool:
    async with db.unit() as unit:
        return await departments.register(call or system_call(), department, unit=unit, clock=clock)


async def test_a_repeat_changes_nothing_and_a_new_name_renames(db: Database, frozen_clock: FixedClock) -> None:
    renamed = Department(HRSS.id, {"zh-Hans": "人力资源局", "en": "Human resources"})
    changes = [await register(db, frozen_clock, item) for item in (HRSS, HRSS, renamed)]
    async with db.reader() as reader:
        found = await read_many(reader, DEPARTMENTS, Call(actor=ANONYMOUS), "id", [HRSS.id])
        told = await reader.fetch("SELECT name FROM outbox")
    assert changes == [True, False, True]
    assert found[HRSS.id] == [{"id": HRSS.id, "name": renamed.name}]
    assert [row["name"] for row in told] == ["department.registered"] * 2


@pytest.mark.parametrize(
    "department",
    [
        Department(DepartmentId("HRSS"), HRSS.name),
        Department(DepartmentId("hrss.linhai; DROP TABLE department"), HRSS.name),
        Department(HRSS.id, {"zh-Hans": "人社局"}),
        Department(HRSS.id, {"zh-Hans": "人社局", "en": " "}),
        Department(HRSS.id, {"zh-Hans": "人" * 101, "en": "x"}),
    ],
)
async def test_what_is_no_department_is_refused(db: Database, frozen_clock: FixedClock, department: Department) -> None:
    with pytest.raises(InvalidDepartment):
        await register(db, frozen_clock, department)
    async with db.reader() as reader:
        assert await reader.fetch("SELECT * FROM department") == []


async def test_nobody_but_the_platform_registers_departments(db: Database, frozen_clock: FixedClock) -> None:
    with pytest.raises(NotAllowed):
        await register(db, frozen_clock, HRSS, Call(actor=ANONYMOUS))
