"""End somebody's office."""

from shimin.db import Unit
from shimin.identity import rows, session_rows
from shimin.identity.facts import StaffDismissed
from shimin.identity.opening import end_session
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed, NotFound, NotSignedIn


async def dismiss(call: Call, staff_id: str, *, unit: Unit, clock: Clock) -> bool:
    """End an office and every session held in it; True where it was held, False for a repeat.

    The platform itself dismisses anyone; an operator of the ``security`` role members of departments and operators of
    other roles; a department's admin members of their own department who are no admins; nobody dismisses themselves.

    Raises:
        NotSignedIn, NotAllowed: the caller may not.
        NotFound: there is no such person that the caller may know of.
    """
    actor = call.actor
    if actor.kind == "anonymous":
        raise NotSignedIn
    is_admin = actor.kind == "member" and "department_admin" in actor.roles
    is_security = actor.kind == "operator" and "security" in actor.roles
    if actor.kind != "system" and not is_security and not is_admin:
        raise NotAllowed
    staff = await rows.find_staff(unit, staff_id=staff_id)
    if staff is None or (is_admin and staff["department_id"] != actor.department_id):
        raise NotFound
    beyond = {"security"} if is_security else {"department_admin"}
    if actor.kind != "system" and (staff_id == actor.id or beyond.intersection(staff["roles"])):
        raise NotAllowed
    now = clock.now()
    if not await rows.dismiss_staff(unit, staff_id, now=now):
        return False
    for session_id in await session_rows.live_sessions(unit, staff_id, now=now):
        await end_session(unit, staff_id, session_id, reason="dismissed", now=now)
    await unit.emit(StaffDismissed(staff_id=staff_id, dismissed_by=actor.id))
    return True
