"""Writing to the log: in the same unit as what it tells of."""

import structlog

from shimin.audit import rows
from shimin.audit.errors import AccessNotLogged
from shimin.audit.model import HASHED, Entry, chain_of, entry_hash
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import new_id
from shimin.kit.refusal import Refusal

log = structlog.get_logger("shimin.audit")


async def record(call: Call, entry: Entry, *, unit: Unit, clock: Clock) -> str:
    """Append the entry to its chain; if the unit does not commit, neither the deed nor the entry happened.

    A unit that writes to a citizen's chain and to the platform's writes the citizen's first: the heads are
    locked until the commit, and one order keeps two units from waiting for each other.

    Args:
        call: who did it and under which document.
        entry: what was done; never personal data itself.

    Returns:
        The entry's id.

    Raises:
        ACCESS_NOT_LOGGED: the entry could not be written; the caller must not go on.
    """
    chain = chain_of(entry)
    try:
        seq, previous_hash = await rows.advance_head(unit, chain)
        content = {
            "id": new_id("aud"),
            "chain": chain,
            "seq": seq,
            "at": clock.now(),
            "action": entry.action,
            "outcome": entry.outcome,
            "citizen_id": entry.citizen_id,
            "actor_kind": call.actor.kind,
            "actor_id": call.actor.id,
            "app_id": call.actor.app_id,
            "department_id": call.actor.department_id,
            "document_id": call.document_id,
            "trace_id": call.trace_id,
            "subject": entry.subject,
            "scopes": sorted(entry.scopes),
            "purpose": dict(entry.purpose),
            "basis": entry.basis,
            "source": entry.source,
            "freshness": entry.freshness,
            "details": {**entry.details, **({"via": " > ".join(call.via)} if call.via else {})},
        }
        new_hash = entry_hash(previous_hash, {name: content[name] for name in HASHED})
        await rows.insert_entry(unit, content, previous_hash=previous_hash, new_hash=new_hash)
    except Refusal:
        raise
    except Exception as error:
        log.exception("audit.not_written", trace_id=call.trace_id, action=entry.action)
        raise AccessNotLogged from error
    return str(content["id"])
