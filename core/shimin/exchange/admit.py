"""The question before every call of a service: may it?"""

from collections.abc import Sequence

from shimin import audit, consent
from shimin.db import Database
from shimin.exchange import rows
from shimin.exchange.errors import ServiceNotDeclared
from shimin.exchange.model import SCOPE, ServiceName, check_chain
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotAllowed, Refusal


async def admit(call: Call, service: ServiceName, *, waiting: Sequence[str], db: Database, clock: Clock) -> None:
    """Go on only if the calling release may use the service for its citizen; written into the citizen's log first.

    The log is written in the unit that checks consent: a call that cannot be logged does not happen, and one that
    was denied is logged too.

    Args:
        call: by the mini-app release that asks.
        waiting: the mini-apps that wait for the answer, the one that the citizen called first.

    Raises:
        NotAllowed: not by a mini-app.
        ServiceNotDeclared: its release does not import the service.
        ServiceChainRefused: it would lead back or too far.
        ConsentRequired, ConsentDenied: the citizen has not agreed to this use.
    """
    citizen_id, release_id = call.need_citizen(), call.actor.release_id
    if call.actor.kind != "miniapp" or release_id is None:
        raise NotAllowed
    async with db.reader() as reader:
        if not await rows.is_imported(reader, release_id, service):
            raise ServiceNotDeclared(service=str(service)[:200])
    check_chain(waiting, service)
    under = call.under(service.document_id)
    refusal: Refusal | None = None
    async with db.unit() as unit:
        try:
            permit = await consent.need(under, service.document_id, reader=unit, clock=clock)
            basis, purpose = f"consent:{permit.grant_id}", dict(permit.purpose)
        except (consent.ConsentRequired, consent.ConsentDenied) as denied:
            refusal, basis, purpose = denied, "", {}
        entry = audit.Entry(
            action="service.called",
            citizen_id=citizen_id,
            outcome="denied" if refusal else "allowed",
            subject=str(service),
            scopes=(SCOPE,),
            purpose=purpose,
            basis=basis,
            details={"refusal": refusal.code} if refusal else {},
        )
        await audit.record(under, entry, unit=unit, clock=clock)
    if refusal is not None:
        raise refusal
