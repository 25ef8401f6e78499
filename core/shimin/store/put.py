"""Writing what a mini-app keeps for a citizen."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import InvalidInput
from shimin.store import rows
from shimin.store.errors import StoreConflict, StoreFull
from shimin.store.model import STORE_BYTES_MAX, VALUES_MAX, as_text, checked_key
from shimin.store.owner import owner

VERSION_MAX = 2**53 - 1
"""Largest whole number that every JSON reader keeps exactly (RFC 8259 section 6)."""


async def put(call: Call, key: object, value: object, version: object, *, unit: Unit, clock: Clock) -> int:
    """Keep a value for the citizen at hand in the calling mini-app; return its version.

    Args:
        version: the one that was read; 0 for a value that must be new; None replaces whatever is there.

    Raises:
        NotSignedIn, NotAllowed: the caller is no mini-app that acts for a citizen.
        InvalidInput: no key, no version, or the value is too big.
        StoreConflict: the value has another version.
        StoreFull: the mini-app keeps as much for this citizen as it may.
    """
    citizen_id, app_id = owner(call)
    name, content = checked_key(key), as_text(value)
    if version is not None and (type(version) is not int or not 0 <= version <= VERSION_MAX):
        raise InvalidInput(field="version", reason="a whole number from 0, or null")
    if not await rows.has_room(unit, citizen_id, app_id, name, len(content.encode())):
        raise StoreFull(values_max=VALUES_MAX, size_bytes_max=STORE_BYTES_MAX)
    written = await rows.put(unit, citizen_id, app_id, name, content, version, clock.now())
    if written is None:
        standing = await rows.find(unit, citizen_id, app_id, name)
        raise StoreConflict(version=standing["version"] if standing else None)
    return written


async def delete(call: Call, key: object, *, unit: Unit) -> None:
    """Forget a value; nothing happens where there is none.

    Raises:
        NotSignedIn, NotAllowed, InvalidInput: like ``put``.
    """
    citizen_id, app_id = owner(call)
    await rows.delete(unit, citizen_id, app_id, checked_key(key))
