"""Asking the network, losing its answer, finding out; telling the department."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shimin import payments
from shimin.ports.channel import ChannelUnavailable


async def confirmed(desk: Any, reference: str = "SI-1") -> payments.Payment:
    """Return a confirmed payment that the network has not heard of."""
    payment: payments.Payment = await desk.confirm(await desk.request(bill=desk.bill(reference)))
    return payment


async def test_a_confirmed_payment_is_charged_without_a_question_first(desk: Any) -> None:
    payment = await confirmed(desk)
    await desk.charge(payment)
    assert (desk.channel.charges, desk.channel.queries) == ([payment.id], [])
    assert await desk.state(payment) == "CONFIRMED"


async def test_a_second_delivery_asks_first_and_does_not_charge_again(desk: Any) -> None:
    payment = await confirmed(desk)
    await desk.charge(payment)
    await desk.charge(payment)
    assert (desk.channel.charges, desk.channel.queries) == ([payment.id], [payment.id])


async def test_a_lost_answer_is_found_by_query(desk: Any) -> None:
    payment = await confirmed(desk)
    desk.channel.answers_charges = False
    desk.channel.outcome = "settled"
    await desk.charge(payment)
    assert (desk.channel.charges, desk.channel.queries) == ([payment.id], [payment.id])
    assert await desk.state(payment) == "SETTLED"
    assert await desk.problems() == []


async def test_a_request_that_never_arrived_is_charged_later_and_only_then(desk: Any) -> None:
    payment = await confirmed(desk)
    desk.channel.hears_charges = False
    with pytest.raises(ChannelUnavailable):
        await desk.charge(payment)
    desk.channel.hears_charges = True
    await desk.charge(payment)
    assert desk.channel.queries == [payment.id] * 2
    assert desk.channel.charges == [payment.id] * 2
    assert set(desk.channel.collected) == {payment.id}


async def test_a_network_that_is_silent_altogether_is_never_charged_twice(desk: Any) -> None:
    """The charge went out, nothing came back, and queries fail too: until a query is answered nothing is charged."""
    payment = await confirmed(desk)
    desk.channel.answers_charges = desk.channel.answers_queries = False
    for _ in range(5):
        with pytest.raises(ChannelUnavailable):
            await desk.charge(payment)
    assert desk.channel.charges == [payment.id]
    desk.channel.answers_queries, desk.channel.outcome = True, "settled"
    await desk.charge(payment)
    assert desk.channel.charges == [payment.id]
    assert await desk.state(payment) == "SETTLED"


async def test_a_network_that_says_no_at_once_fails_the_payment(desk: Any) -> None:
    payment = await confirmed(desk)
    desk.channel.outcome = "failed"
    await desk.charge(payment)
    assert await desk.state(payment) == "FAILED"
    assert await desk.problems() == []


async def test_what_is_over_or_unknown_is_not_charged(desk: Any) -> None:
    requested = await desk.request()
    await desk.charge(requested)
    payment = await confirmed(desk)
    await desk.settle(desk.channel.event(payment.id, "settled", amount=payment.amount))
    await desk.charge(payment)
    assert desk.channel.charges == []


async def test_a_payment_of_another_network_is_not_charged_here(desk: Any) -> None:
    payment = await confirmed(desk)
    desk.channel.name = "otherpay"
    with pytest.raises(payments.ChannelUnknown):
        await desk.charge(payment)
    assert desk.channel.charges == []


async def test_a_lost_notification_still_settles(desk: Any) -> None:
    payment = await confirmed(desk)
    await desk.charge(payment)
    desk.channel.outcome = "settled"
    assert await desk.chase(15) == 0
    desk.clock.at += timedelta(seconds=16)
    assert await desk.chase(15) == 1
    assert await desk.state(payment) == "SETTLED"
    assert await desk.chase(15) == 0
    assert await desk.problems() == []


async def test_a_payment_that_was_confirmed_and_never_charged_is_charged_by_the_chase(desk: Any) -> None:
    """The process died between the commit of the yes and the network."""
    payment = await confirmed(desk)
    desk.channel.outcome = "settled"
    desk.clock.at += timedelta(seconds=16)
    assert await desk.chase(15) == 1
    assert desk.channel.charges == [payment.id]
    assert await desk.state(payment) == "SETTLED"


async def test_workers_side_by_side_chase_each_payment_once(desk: Any) -> None:
    made = [await confirmed(desk, f"SI-{number}") for number in range(8)]
    for payment in made:
        await desk.charge(payment)
    desk.channel.outcome = "settled"
    desk.clock.at += timedelta(seconds=16)
    ended = await asyncio.gather(*(desk.chase(15) for _ in range(4)))
    assert sum(ended) == 8
    assert sorted(desk.channel.queries) == sorted(payment.id for payment in made)
    assert await desk.problems() == []


async def test_a_silent_network_is_left_alone_until_the_next_run(desk: Any) -> None:
    for number in range(5):
        await desk.charge(await confirmed(desk, f"SI-{number}"))
    desk.channel.answers_queries = False
    desk.clock.at += timedelta(seconds=16)
    assert await desk.chase(15) == 0
    assert len(desk.channel.queries) == 1


async def test_the_department_is_told_once_of_a_settled_payment_and_of_no_other(desk: Any) -> None:
    payment = await confirmed(desk)
    await desk.report(payment)
    assert desk.source.asked == []
    await desk.settle(desk.channel.event(payment.id, "settled", amount=payment.amount))
    await desk.report(payment)
    await desk.report(payment)
    assert [(question.source, question.operation, dict(question.inputs)) for question in desk.source.asked] == [
        (
            "hrss",
            "record_payment",
            {"reference": "SI-1", "payment_id": payment.id, "amount_minor": 36000, "currency": "CNY"},
        )
    ]


async def test_a_department_that_does_not_record_it_is_not_asked_for_ever(desk: Any) -> None:
    payment = await confirmed(desk)
    await desk.settle(desk.channel.event(payment.id, "settled", amount=payment.amount))
    desk.source.answer = {"recorded": False, "problem": "paid_otherwise"}
    await desk.report(payment)
    await desk.report(payment)
    assert len(desk.source.asked) == 1
    async with desk.db.reader() as reader:
        problem = await reader.fetch_value("SELECT report_problem FROM payment WHERE id = $1", payment.id)
    assert problem == "paid_otherwise"
