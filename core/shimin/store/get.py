"""Reading what a mini-app keeps for a citizen."""

from shimin.db import Reader
from shimin.kit.call import Call
from shimin.kit.refusal import NotFound
from shimin.store import rows
from shimin.store.model import Stored, checked_key, from_row
from shimin.store.owner import owner


async def get(call: Call, key: object, *, reader: Reader) -> Stored:
    """Return a value of the citizen at hand in the calling mini-app.

    Raises:
        NotSignedIn, NotAllowed: the caller is no mini-app that acts for a citizen.
        InvalidInput: no key.
        NotFound: nothing is kept under it.
    """
    citizen_id, app_id = owner(call)
    row = await rows.find(reader, citizen_id, app_id, checked_key(key))
    if row is None:
        raise NotFound
    return from_row(row)


async def keys(call: Call, prefix: str = "", *, reader: Reader) -> list[str]:
    """Return the keys that begin with a prefix, sorted.

    Raises:
        NotSignedIn, NotAllowed: like ``get``.
    """
    citizen_id, app_id = owner(call)
    return [key for key in await rows.keys(reader, citizen_id, app_id) if key.startswith(prefix)]
