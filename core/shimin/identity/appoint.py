"""Give somebody an office."""

from shimin.db import Row, Unit
from shimin.identity import rows
from shimin.identity.errors import RolesApart
from shimin.identity.facts import StaffAppointed
from shimin.identity.model import (
    APART,
    MEMBER_ROLES,
    OPERATOR_ROLES,
    Appointment,
    clean_name,
    mask_phone,
    normalise_phone,
)
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import new_id
from shimin.kit.refusal import InvalidInput, NotAllowed, NotSignedIn


async def appoint(call: Call, office: Appointment, *, unit: Unit, clock: Clock) -> str:
    """Make the holder of a number a member of a department or an operator; return their staff id.

    Appointing again replaces the office; the person's sessions carry the new one at once. The platform itself
    appoints anyone; an operator of the ``security`` role appoints members of departments; a department's admin
    appoints developers of their own department. Nobody makes operators by a request, nobody changes their own office.

    Raises:
        NotSignedIn, NotAllowed: the caller may not give this office to this person.
        RolesApart: one person may not hold these roles together.
        InvalidInput: roles and kind do not fit, or the department is missing or out of place.
        InvalidPhone, InvalidName: as written.
    """
    phone, name = normalise_phone(office.phone), clean_name(office.name)
    _check_office(office)
    _check_authority(call, office, await rows.find_staff(unit, phone=phone))
    staff_id = await rows.put_staff(
        unit,
        rows.StaffEntry(
            staff_id=new_id("stf"),
            phone=phone,
            phone_masked=mask_phone(phone),
            name=name,
            kind=office.kind,
            department_id=office.department_id,
            roles=sorted(office.roles),
            appointed_by=call.actor.id,
        ),
        now=clock.now(),
    )
    await unit.emit(
        StaffAppointed(
            staff_id=staff_id,
            kind=office.kind,
            roles=sorted(office.roles),
            department_id=office.department_id,
            appointed_by=call.actor.id,
        )
    )
    return staff_id


def _check_office(office: Appointment) -> None:
    """Refuse roles that do not belong to the kind, and a department where none belongs or one is missing."""
    fitting = MEMBER_ROLES if office.kind == "member" else OPERATOR_ROLES
    if not office.roles <= fitting or (office.kind == "operator" and not office.roles):
        raise InvalidInput(field="roles", reason=", ".join(sorted(fitting)))
    if (office.kind == "member") != bool(office.department_id):
        raise InvalidInput(field="departmentId", reason=office.kind)
    for pair in APART:
        if pair <= office.roles:
            raise RolesApart(roles=", ".join(sorted(pair)))


def _check_authority(call: Call, office: Appointment, holder: Row | None) -> None:
    """Refuse a caller who may not give this office to its holder, who may be somebody already."""
    actor = call.actor
    if actor.kind == "anonymous":
        raise NotSignedIn
    if actor.kind == "system":
        return
    if office.kind != "member" or (holder and (holder["id"] == actor.id or holder["kind"] == "operator")):
        raise NotAllowed
    if actor.kind == "operator" and "security" in actor.roles:
        return
    is_admin = actor.kind == "member" and "department_admin" in actor.roles
    departments = {office.department_id, holder["department_id"] if holder else office.department_id}
    if not is_admin or departments != {actor.department_id} or office.roles != frozenset({"developer"}):
        raise NotAllowed
    # An admin is made, changed and unmade by the platform, not by a colleague.
    if holder and "department_admin" in holder["roles"] and holder["dismissed_at"] is None:
        raise NotAllowed
