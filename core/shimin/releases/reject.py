"""Sending a release back with reasons."""

from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import InvalidInput
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.model import Release

FINDINGS_MAX = 50
FINDING_CHARS_MAX = 500


async def reject(call: Call, release_id: str, findings: list[str], *, unit: Unit, clock: Clock) -> Release:
    """Reject a release in review; every rejection says at least one thing to mend.

    Raises:
        NotSignedIn, NotAllowed: the caller is no reviewer.
        InvalidInput: no finding, or too many or too long ones.
        NotFound: no such release.
        InvalidTransition: it is not in review.
    """
    call.need_role("reviewer")
    if not 1 <= len(findings) <= FINDINGS_MAX or not all(0 < len(item) <= FINDING_CHARS_MAX for item in findings):
        raise InvalidInput(
            field="findings", reason=f"1 to {FINDINGS_MAX}, each of at most {FINDING_CHARS_MAX} characters"
        )
    await rows.set_findings(unit, release_id, findings)
    return await advance(call, release_id, "reject", unit=unit, clock=clock)
