"""Telling the department that its bill is paid."""

import structlog

from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.payments import rows
from shimin.payments.model import PaymentState
from shimin.ports.source import Source, SourceQuestion

log = structlog.get_logger("shimin.payments")
OPERATION = "record_payment"


async def report(call: Call, payment_id: str, *, db: Database, source: Source, clock: Clock) -> None:
    """Have the department record a settled payment; the reaction to ``payment.settled``, safe to run again.

    The department takes the same payment id any number of times and records it once. If it does not record it,
    asking again would not help: its reason is kept with the payment and logged for the operators.

    Raises:
        SourceUnavailable: it did not answer; to be tried again later.
    """
    async with db.reader() as reader:
        payment = await rows.find(reader, payment_id)
    if payment is None or payment.state is not PaymentState.SETTLED or payment.reported_at:
        return
    question = SourceQuestion(
        source=payment.source,
        operation=OPERATION,
        inputs={
            "reference": payment.bill_reference,
            "payment_id": payment.id,
            "amount_minor": payment.amount.amount_minor,
            "currency": payment.amount.currency,
        },
        trace_id=call.trace_id,
    )
    answer = await source.ask(question)
    problem = None if answer.data.get("recorded") else str(answer.data.get("problem") or "not_recorded")[:64]
    if problem:
        log.error("payments.not_recorded_by_department", payment_id=payment.id, problem=problem, trace_id=call.trace_id)
    async with db.unit() as unit:
        await rows.set_reported(unit, payment.id, clock.now(), problem)
