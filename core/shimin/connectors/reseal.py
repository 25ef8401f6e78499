"""Moving all secrets to the newest sealing key."""

from shimin import audit
from shimin.connectors import rows
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed
from shimin.ports.sealer import Sealer


async def reseal(call: Call, *, unit: Unit, sealer: Sealer, clock: Clock) -> int:
    """Seal every secret with the newest key and return how many were not yet; then older keys can be removed.

    A secret that is set meanwhile stays as it was set.

    Raises:
        NotAllowed: only the platform itself does this.
        SealBroken: a secret cannot be opened; nothing was changed.
    """
    if call.actor.kind != "system":
        raise NotAllowed
    moved = 0
    for own, text in (await rows.sealed_texts(unit)).items():
        if sealer.sealed_by(text) != sealer.key_id:
            after = sealer.seal(sealer.unseal(text, own), own)
            moved += await rows.replace_sealed(unit, own, before=text, after=after)
    if moved:
        details = {"count": str(moved), "key": sealer.key_id}
        entry = audit.Entry(action="connector.resealed", details=details)
        await audit.record(call, entry, unit=unit, clock=clock)
    return moved
