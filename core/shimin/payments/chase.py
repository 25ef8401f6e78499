"""Finding out what became of payments whose notification never came."""

from datetime import timedelta

import structlog

from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.payments import rows
from shimin.payments.charge import charge
from shimin.payments.model import PaymentState
from shimin.ports.channel import Channel, ChannelUnavailable

log = structlog.get_logger("shimin.payments")
CHASED_MAX = 100


async def chase(call: Call, *, db: Database, channel: Channel, clock: Clock, older_than_s: float) -> int:
    """Ask the network about confirmed payments older than this many seconds; a job, run over and over.

    Each payment is asked about once per ``older_than_s``, by one worker. A network that does not answer is left
    alone until the next run.

    Returns:
        How many payments have come to an end by it.
    """
    before = clock.now() - timedelta(seconds=older_than_s)
    async with db.reader() as reader:
        waiting = await rows.overdue(reader, channel.name, before, CHASED_MAX)
    ended = 0
    for payment_id in waiting:
        async with db.unit() as unit:
            if not await rows.set_chased(unit, payment_id, before, clock.now()):
                continue
        try:
            await charge(call, payment_id, db=db, channel=channel, clock=clock)
        except ChannelUnavailable:
            log.warning("payments.channel_silent", channel=channel.name, waiting=len(waiting))
            break
        async with db.reader() as reader:
            payment = await rows.find(reader, payment_id)
        ended += payment is not None and payment.state is not PaymentState.CONFIRMED
    return ended
