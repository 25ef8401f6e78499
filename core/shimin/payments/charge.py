"""Asking the network for the money, without ever asking twice for it."""

from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.payments import rows
from shimin.payments.errors import ChannelUnknown
from shimin.payments.model import Payment, PaymentState
from shimin.payments.settle import settle
from shimin.ports.channel import Channel, ChannelEvent, ChannelUnavailable, Charge


async def charge(call: Call, payment_id: str, *, db: Database, channel: Channel, clock: Clock) -> None:
    """Have a confirmed payment collected; the reaction to ``payment.confirmed``, safe to run again at any point.

    That the network is about to be asked is committed before it is asked. Whoever comes later (a second delivery,
    the next process after a crash) therefore first asks what became of the charge, and charges only when the
    network has never heard of it.

    Raises:
        ChannelUnavailable: the outcome is not known yet; to be tried again later.
        ChannelUnknown: the payment is on another network.
    """
    async with db.unit() as unit:
        never_asked = await rows.set_asked(unit, payment_id, clock.now())
        payment = await rows.find(unit, payment_id)
    if payment is None or payment.state is not PaymentState.CONFIRMED:
        return
    if payment.channel != channel.name:
        raise ChannelUnknown
    event = await _outcome(payment, channel, never_asked=never_asked)
    if event.state in {"settled", "failed"}:
        async with db.unit() as unit:
            await settle(call, event, channel=channel.name, unit=unit, clock=clock)


async def _outcome(payment: Payment, channel: Channel, *, never_asked: bool) -> ChannelEvent:
    """Return what the network says, outside any unit."""
    if not never_asked:
        event = await channel.query(payment.id)
        if event.state != "unknown":
            return event
    try:
        return await channel.charge(Charge(payment_id=payment.id, amount=payment.amount, subject=payment.subject))
    except ChannelUnavailable:
        event = await channel.query(payment.id)
        if event.state == "unknown":
            raise
        return event
