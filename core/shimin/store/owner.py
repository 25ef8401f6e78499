"""Whose store a call reaches: one citizen's, in one mini-app."""

from shimin.kit.call import Call
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import NotAllowed


def owner(call: Call) -> tuple[CitizenId, str]:
    """Return the citizen and the mini-app of a call.

    Raises:
        NotSignedIn: nobody has signed in.
        NotAllowed: the caller is no mini-app that acts for a citizen.
    """
    citizen_id = call.need_citizen()
    if call.actor.kind != "miniapp" or call.actor.app_id is None:
        raise NotAllowed
    return citizen_id, call.actor.app_id
