"""Which fact wakes which verb, and what runs by the clock: the only place where sibling domains meet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shimin import connectors, documents, identity, messages, payments, releases
from shimin.kit.call import system_call
from shimin.kit.fact import Fact
from shimin.kit.ids import CitizenId
from shimin.kit.money import Money
from shimin.messages import SenderKind, SendMessage
from shimin.ports.edge import PUBLIC_CHANGED

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin.db import Handler

Reaction = Callable[["Platform", str, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something done over and over."""

    name: str
    every_s: float
    run: Callable[[Platform], Awaitable[None]]


async def _charge(platform: Platform, _: str, fact: payments.PaymentConfirmed) -> None:
    await payments.charge(
        system_call(), fact.payment_id, db=platform.db, channel=platform.channel, clock=platform.clock
    )


async def _report(platform: Platform, _: str, fact: payments.PaymentSettled) -> None:
    await payments.report(system_call(), fact.payment_id, db=platform.db, source=platform.source, clock=platform.clock)


async def _send_receipt(platform: Platform, fact_id: str, fact: payments.PaymentSettled) -> None:
    await _send(
        platform,
        fact_id,
        fact,
        "payment.receipt",
        {
            "subject": fact.subject,
            "amount": _amount(fact),
            "receipt_number": fact.receipt_number,
            "payee": fact.payee,
            "paid_at": fact.settled_at[:16].replace("T", " ") + " UTC",
        },
    )


async def _send_failure(platform: Platform, fact_id: str, fact: payments.PaymentFailed) -> None:
    await _send(platform, fact_id, fact, "payment.failed", {"subject": fact.subject, "amount": _amount(fact)})


async def _send(
    platform: Platform, fact_id: str, fact: payments.PaymentFact, template: str, values: Mapping[str, str]
) -> None:
    """Send a message whose id follows from the fact's, so that a fact told twice sends once."""
    order = SendMessage(
        id=f"msg_{fact_id.partition('_')[2]}",
        citizen_id=CitizenId(fact.citizen_id),
        sender_kind=SenderKind.DEPARTMENT,
        sender=fact.department_id,
        template=template,
        values=values,
        payment_id=fact.payment_id,
    )
    async with platform.db.unit() as unit:
        await messages.send(
            system_call(on_behalf_of=CitizenId(fact.citizen_id)), order, unit=unit, clock=platform.clock
        )


def _amount(fact: payments.PaymentFact) -> str:
    return f"{Money(fact.amount_minor, fact.currency).decimal()} {fact.currency}"


async def _announce(platform: Platform, _: str, fact: messages.MessageDelivered) -> None:
    await messages.announce(CitizenId(fact.citizen_id), fact.message_id, pubsub=platform.pubsub)


async def _spread_session(platform: Platform, _: str, fact: identity.SessionRevoked) -> None:
    await identity.spread_session(fact.session_id, pubsub=platform.pubsub)


async def _spread_citizen(platform: Platform, _: str, fact: identity.IdentityConfirmed) -> None:
    await identity.spread_subject(fact.citizen_id, db=platform.db, pubsub=platform.pubsub, clock=platform.clock)


async def _spread_staff(platform: Platform, _: str, fact: identity.StaffAppointed | identity.StaffDismissed) -> None:
    await identity.spread_subject(fact.staff_id, db=platform.db, pubsub=platform.pubsub, clock=platform.clock)


async def _public_changed(platform: Platform, _: str, fact: Fact) -> None:
    """Tell every process that public answers are others now; who misses it finds the fact in the outbox."""
    await platform.pubsub.publish(PUBLIC_CHANGED, fact.name.encode())


async def _spread_document(
    platform: Platform, _: str, fact: documents.DocumentRegistered | documents.DocumentRetired
) -> None:
    await documents.spread(fact.document_id, pubsub=platform.pubsub)


REACTIONS: Mapping[str, Sequence[Reaction]] = {
    "payment.confirmed": (_charge,),
    "payment.settled": (_send_receipt, _report),
    "payment.failed": (_send_failure,),
    "message.delivered": (_announce,),
    "session.revoked": (_spread_session,),
    "identity.confirmed": (_spread_citizen,),
    "staff.appointed": (_spread_staff,),
    "staff.dismissed": (_spread_staff,),
    "catalogue.guides_imported": (_public_changed,),
    "department.registered": (_public_changed,),
    "release.moved": (_public_changed,),
    "document.registered": (_spread_document,),
    "document.retired": (_spread_document,),
}
"""What happens when something has happened."""


def handlers(platform: Platform) -> Mapping[str, Sequence[Handler]]:
    """Return the reactions bound to a platform, as the relay takes them."""
    return {name: [partial(reaction, platform) for reaction in chain] for name, chain in REACTIONS.items()}


async def _check_releases(platform: Platform) -> None:
    """Check and build what was uploaded: a job, because a build may take longer than any reaction should."""
    async with platform.db.reader() as reader:
        waiting = await releases.waiting_for_check(reader)
    for release_id in waiting:
        await releases.check(
            system_call(),
            release_id,
            db=platform.db,
            blobs=platform.blobs,
            edge=platform.edge,
            builder=platform.builder,
            signer=platform.build_signer,
            clock=platform.clock,
        )


async def _chase_payments(platform: Platform) -> None:
    await payments.chase(
        system_call(),
        db=platform.db,
        channel=platform.channel,
        clock=platform.clock,
        older_than_s=platform.settings.payment_chase_after_s,
    )


async def _prune_identity(platform: Platform) -> None:
    async with platform.db.unit(timeout_s=30) as unit:
        await identity.prune(system_call(), unit=unit, clock=platform.clock)


async def _prune_connector_calls(platform: Platform) -> None:
    async with platform.db.unit() as unit:
        await connectors.prune_calls(system_call(), unit=unit, clock=platform.clock)


JOBS: Sequence[Job] = (
    Job("releases.check", 1.0, _check_releases),
    Job("payments.chase", 5.0, _chase_payments),
    Job("identity.prune", 3600.0, _prune_identity),
    Job("connectors.prune", 600.0, _prune_connector_calls),
)
"""What runs by the clock, in every process that relays facts; each is harmless beside itself."""
