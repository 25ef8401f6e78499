"""Let a number that was locked by wrong codes sign in again."""

from shimin.db import Unit
from shimin.identity import code_rows
from shimin.identity.model import normalise_phone
from shimin.kit.call import Call
from shimin.kit.refusal import NotAllowed, NotFound
from shimin.ports.tokens import Tokens


async def unlock_phone(call: Call, phone: str, *, unit: Unit, tokens: Tokens) -> None:
    """Clear a number's failures, after its holder proved who they are at a service hall.

    Raises:
        NotAllowed: the caller is not the platform itself.
        InvalidPhone: that is no phone number.
        NotFound: nobody ever asked for a code for it.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    if not await code_rows.clear_failures(unit, tokens.keyed_hash("phone", normalise_phone(phone))):
        raise NotFound
