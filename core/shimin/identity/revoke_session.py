"""End one of the caller's sessions, on whatever device it is."""

from shimin.db import Unit
from shimin.identity import session_rows
from shimin.identity.opening import end_session
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import check_id
from shimin.kit.refusal import NotFound, NotSignedIn


async def revoke_session(call: Call, session_id: str, *, unit: Unit, clock: Clock) -> None:
    """End a session of the caller; ending it twice is harmless.

    Raises:
        NotSignedIn: nobody has signed in.
        InvalidId: that is no session id.
        NotFound: there is no such session of the caller (somebody else's included).
    """
    if call.actor.kind not in {"citizen", "member", "operator"}:
        raise NotSignedIn
    check_id(session_id, "ses")
    subject_id = call.actor.id
    if await end_session(unit, subject_id, session_id, reason="revoked", now=clock.now()):
        return
    found = await session_rows.find_session(unit, session_id)
    if found is None or found["subject_id"] != subject_id:
        raise NotFound
