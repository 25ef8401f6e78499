"""End the caller's own session."""

from shimin.db import Unit
from shimin.identity.opening import end_session
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotSignedIn


async def sign_out(call: Call, *, unit: Unit, clock: Clock) -> str:
    """End the session the call is made in; return its id, for spreading the news. Doing it twice is harmless.

    Raises:
        NotSignedIn: the call is made in no session.
    """
    if call.session_id is None or call.actor.kind not in {"citizen", "member", "operator"}:
        raise NotSignedIn
    await end_session(unit, call.actor.id, call.session_id, reason="signed_out", now=clock.now())
    return call.session_id
