"""Approving exactly what will run."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.errors import DigestMismatch, FourEyes
from shimin.releases.model import Release


async def approve(call: Call, release_id: str, digest: str, *, unit: Unit, clock: Clock) -> Release:
    """Approve a release in review, naming the digest that was looked at.

    Args:
        digest: ``sha256:…`` of the canonical package, as the reviewer saw it.

    Raises:
        NotSignedIn, NotAllowed: the caller is no reviewer.
        NotFound: no such release.
        FourEyes: the caller uploaded it.
        DigestMismatch: the release has another digest.
        InvalidTransition: it is not in review.
    """
    call.need_role("reviewer")
    found = await rows.find(unit, release_id)
    if found is None:
        raise NotFound
    if found[0].uploaded_by == call.actor.id:
        raise FourEyes
    if found[0].digest != digest:
        raise DigestMismatch
    await rows.set_approval(unit, release_id, call.actor.id, digest)
    return await advance(call, release_id, "approve", unit=unit, clock=clock)
