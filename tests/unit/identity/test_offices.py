"""Offices: who may give which, and that losing one ends every session in it."""

import pytest
from tests.unit.identity.conftest import House

from shimin.db import read_one
from shimin.identity import APART, OFFICE, Appointment, RolesApart, appoint, dismiss, register
from shimin.kit.call import ANONYMOUS, Actor, Call, Role, system_call
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, NotSignedIn, Refusal

HRSS, POLICE = DepartmentId("hrss.linhai"), DepartmentId("police.linhai")
PHONE = "+8619900007001"
CITIZEN = Call(actor=Actor(kind="citizen", id="ctz_1", citizen_id=CitizenId("ctz_1"), assurance=2))
OPERATOR = Call(actor=Actor(kind="operator", id="stf_op", roles=frozenset({"security"})))
REVIEWER = Call(actor=Actor(kind="operator", id="stf_re", roles=frozenset({"reviewer"})))
ADMIN = Call(actor=Actor(kind="member", id="stf_ad", department_id=HRSS, roles=frozenset({"department_admin"})))
DEVELOPER = Call(actor=Actor(kind="member", id="stf_de", department_id=HRSS, roles=frozenset({"developer"})))


def member(*roles: Role, department: DepartmentId | None = HRSS, phone: str = PHONE) -> Appointment:
    return Appointment(phone=phone, name="陈明", kind="member", roles=frozenset(roles), department_id=department)


def operator(*roles: Role, phone: str = PHONE) -> Appointment:
    return Appointment(phone=phone, name="周岚", kind="operator", roles=frozenset(roles))


async def give(house: House, call: Call, office: Appointment) -> str:
    async with house.db.unit() as unit:
        return await appoint(call, office, unit=unit, clock=house.clock)


async def test_the_platform_appoints_anyone_and_again_changes_the_office(house: House) -> None:
    staff_id = await give(house, system_call(), member("developer"))
    assert await give(house, system_call(), operator("auditor")) == staff_id
    call = Call(actor=Actor(kind="operator", id=staff_id, roles=frozenset({"auditor"})))
    async with house.db.reader() as reader:
        row = await read_one(reader, OFFICE, call, staff_id)
        assert row is not None
        assert (row["kind"], row["roles"], row["department_id"]) == ("operator", ["auditor"], None)
        assert await read_one(reader, OFFICE, OPERATOR, staff_id) is None


@pytest.mark.parametrize(
    ("call", "office", "refusal"),
    [
        (Call(actor=ANONYMOUS), member("developer"), NotSignedIn),
        (CITIZEN, member("developer"), NotAllowed),
        (DEVELOPER, member("developer"), NotAllowed),
        (ADMIN, member("developer", "department_admin"), NotAllowed),
        (ADMIN, member("developer", department=POLICE), NotAllowed),
        (ADMIN, operator("auditor"), NotAllowed),
        (OPERATOR, operator("releaser"), NotAllowed),
        (REVIEWER, member("developer"), NotAllowed),
        (REVIEWER, operator("releaser"), NotAllowed),
    ],
)
async def test_nobody_gives_an_office_beyond_their_own(
    house: House, call: Call, office: Appointment, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await give(house, call, office)
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_staff") == 0


async def test_an_admin_appoints_developers_of_their_own_department(house: House) -> None:
    await give(house, ADMIN, member("developer"))
    await give(house, OPERATOR, member("developer", "department_admin", phone="+8619900007002"))
    for taken in ("+8619900007002",):
        with pytest.raises(NotAllowed):
            await give(house, ADMIN, member("developer", phone=taken))


async def test_an_admin_cannot_take_over_another_departments_member_or_an_operator(house: House) -> None:
    await give(house, system_call(), member("developer", department=POLICE))
    with pytest.raises(NotAllowed):
        await give(house, ADMIN, member("developer"))
    await give(house, system_call(), operator("auditor"))
    for call in (ADMIN, OPERATOR):
        with pytest.raises(NotAllowed):
            await give(house, call, member("developer"))


@pytest.mark.parametrize(
    "office",
    [
        member("auditor"),
        member("developer", department=None),
        operator("developer"),
        operator(),
        Appointment(phone=PHONE, name="周岚", kind="operator", roles=frozenset({"auditor"}), department_id=HRSS),
    ],
)
async def test_roles_department_and_kind_must_fit(house: House, office: Appointment) -> None:
    with pytest.raises(InvalidInput):
        await give(house, system_call(), office)


async def test_a_stranger_cannot_sign_in_as_staff_and_the_code_is_spent(house: House) -> None:
    with pytest.raises(NotAllowed):
        await house.signed_in(capacity="staff")
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_session") == 0
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_citizen") == 0
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_code WHERE used_at IS NOT NULL") == 1


async def test_dismissal_ends_the_sessions_and_the_way_in(house: House) -> None:
    staff_id = await give(house, system_call(), member("developer"))
    signed_in = await house.signed_in(PHONE, capacity="staff")
    for _ in range(2):
        async with house.db.unit() as unit:
            await dismiss(ADMIN, staff_id, unit=unit, clock=house.clock)
    async with house.db.reader() as reader:
        reason = await reader.fetch_value(
            "SELECT revoke_reason FROM identity_session WHERE id = $1", signed_in.session.id
        )
    assert reason == "dismissed"
    with pytest.raises(NotAllowed):
        await house.signed_in(PHONE, capacity="staff")


async def test_nobody_dismisses_beyond_their_own(house: House) -> None:
    elsewhere = await give(house, system_call(), member("developer", department=POLICE))
    colleague = await give(house, system_call(), operator("security", phone="+8619900007002"))
    admin = await give(house, system_call(), member("department_admin", phone="+8619900007003"))
    for call, staff_id, refusal in (
        (Call(actor=ANONYMOUS), elsewhere, NotSignedIn),
        (CITIZEN, elsewhere, NotAllowed),
        (DEVELOPER, elsewhere, NotAllowed),
        (ADMIN, elsewhere, NotFound),
        (ADMIN, admin, NotAllowed),
        (ADMIN, "stf_" + "0" * 32, NotFound),
        (OPERATOR, colleague, NotAllowed),
    ):
        async with house.db.unit() as unit:
            with pytest.raises(refusal):
                await dismiss(call, staff_id, unit=unit, clock=house.clock)
    async with house.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM identity_staff WHERE dismissed_at IS NULL") == 3


async def test_registering_without_a_code_is_for_the_platform_alone(house: House) -> None:
    async with house.db.unit() as unit:
        first = await register(system_call(), PHONE, unit=unit, clock=house.clock)
        assert await register(system_call(), PHONE, unit=unit, clock=house.clock) == first
        with pytest.raises(NotAllowed):
            await register(OPERATOR, PHONE, unit=unit, clock=house.clock)
    assert (await house.signed_in(PHONE)).session.subject_id == first


@pytest.mark.parametrize("pair", [sorted(pair) for pair in APART], ids=" and ".join)
async def test_one_person_never_holds_two_roles_of_which_one_checks_the_other(house: House, pair: list[Role]) -> None:
    with pytest.raises(RolesApart) as refused:
        await give(house, system_call(), operator(*pair))
    assert all(role in refused.value.roles for role in pair)
    for role in pair:
        await give(house, system_call(), operator(role))


@pytest.mark.parametrize(
    ("call", "office", "refusal"),
    [
        (OPERATOR, operator("releaser"), None),
        (OPERATOR, member("department_admin"), None),
        (OPERATOR, operator("security"), NotAllowed),
        (REVIEWER, operator("releaser"), NotAllowed),
        (REVIEWER, member("developer"), NotAllowed),
        (ADMIN, member("developer"), None),
        (ADMIN, member("department_admin"), NotAllowed),
        (ADMIN, member("developer", department=POLICE), NotFound),
        (ADMIN, operator("auditor"), NotFound),
    ],
)
async def test_offices_are_ended_by_whom_the_table_names(
    house: House, call: Call, office: Appointment, refusal: type[Refusal] | None
) -> None:
    staff_id = await give(house, system_call(), office)
    if refusal is None:
        async with house.db.unit() as unit:
            assert await dismiss(call, staff_id, unit=unit, clock=house.clock)
            assert not await dismiss(call, staff_id, unit=unit, clock=house.clock)
        return
    with pytest.raises(refusal):
        async with house.db.unit() as unit:
            await dismiss(call, staff_id, unit=unit, clock=house.clock)
