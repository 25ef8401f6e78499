"""Register a citizen without a sign-in."""

from shimin.db import Unit
from shimin.identity.model import normalise_phone
from shimin.identity.sign_in import find_or_register
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import NotAllowed


async def register(call: Call, phone: str, *, unit: Unit, clock: Clock) -> CitizenId:
    """Return the citizen of a number, registering them if need be: for the platform's own seeding and moves.

    Raises:
        NotAllowed: the caller is not the platform itself.
        InvalidPhone: that is no phone number.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    citizen_id, _ = await find_or_register(unit, normalise_phone(phone), clock.now())
    return CitizenId(citizen_id)
