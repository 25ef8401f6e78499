"""Asking for a payment, saying yes, saying no: who may, and what happens twice."""

import asyncio
from typing import Any

import pytest

from shimin import payments
from shimin.identity import AssuranceTooLow
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.ids import new_id
from shimin.kit.money import Money
from shimin.kit.refusal import IdempotencyConflict, InvalidId, InvalidMoney, NotAllowed, NotFound, NotSignedIn
from shimin.payments import PaymentState


async def test_asking_moves_nothing(desk: Any) -> None:
    payment = await desk.request()
    assert payment.state is PaymentState.REQUESTED
    assert await desk.balances() == {}
    assert await desk.facts() == []


async def test_the_same_request_is_the_same_payment_whatever_became_of_it(desk: Any) -> None:
    first = await desk.request(payment_id="pay_" + "a" * 32)
    assert await desk.request(payment_id=first.id) == first
    confirmed = await desk.confirm(first)
    assert await desk.request(payment_id=first.id) == confirmed


async def test_an_id_that_stands_for_another_bill_or_person_is_refused(desk: Any) -> None:
    payment = await desk.request()
    with pytest.raises(IdempotencyConflict):
        await desk.request(payment_id=payment.id, bill=desk.bill("SI-OTHER"))
    with pytest.raises(IdempotencyConflict):
        await desk.request(desk.wang, payment_id=payment.id)
    with pytest.raises(IdempotencyConflict):
        await desk.request(desk.app(), payment_id=payment.id)


async def test_fifty_requests_with_one_id_make_one_payment(desk: Any) -> None:
    payment_id = new_id("pay")
    made = await asyncio.gather(*(desk.request(payment_id=payment_id) for _ in range(50)))
    assert len({payment.id for payment in made}) == 1
    async with desk.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM payment") == 1
        assert await reader.fetch_value("SELECT COUNT(*) FROM payment_bill") == 1


async def test_what_is_no_payment_of_a_bill_is_refused(desk: Any) -> None:
    with pytest.raises(InvalidId):
        await desk.request(payment_id="pay_1")
    with pytest.raises(InvalidMoney):
        await desk.request(bill=desk.bill(amount=Money(0)))
    with pytest.raises(payments.BillAlreadyPaid):
        await desk.request(bill=desk.bill(state="PAID"))
    with pytest.raises(payments.BillNotPayable):
        await desk.request(bill=desk.bill(state="VOID"))
    async with desk.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM payment") == 0


async def test_nobody_pays_without_being_somebody(desk: Any) -> None:
    stranger = Call(actor=ANONYMOUS)
    payment = await desk.request()
    for deed in (desk.request(stranger), desk.confirm(payment, stranger), desk.cancel(payment, stranger)):
        with pytest.raises(NotSignedIn):
            await deed


async def test_confirming_holds_the_amount_and_wakes_the_network_once(desk: Any) -> None:
    payment = await desk.request()
    confirmed = await desk.confirm(payment)
    assert await desk.confirm(payment) == confirmed
    assert confirmed.state is PaymentState.CONFIRMED
    assert await desk.facts() == ["payment.confirmed"]
    assert await desk.balances() == {}
    assert await desk.problems() == []


async def test_only_the_citizen_in_person_confirms_or_cancels(desk: Any) -> None:
    payment = await desk.request(desk.app())
    for deed in (desk.confirm(payment, desk.app()), desk.cancel(payment, desk.app())):
        with pytest.raises(NotAllowed):
            await deed
    for deed in (desk.confirm(payment, desk.wang), desk.cancel(payment, desk.wang)):
        with pytest.raises(NotFound):
            await deed
    assert await desk.state(payment) == "REQUESTED"
    assert await desk.facts() == []
    assert (await desk.confirm(payment)).state is PaymentState.CONFIRMED


async def test_a_stranger_learns_nothing_from_confirming_not_even_by_low_assurance(desk: Any) -> None:
    payment = await desk.request()
    with pytest.raises(NotFound):
        await desk.confirm(payment, desk.person("3", assurance=1))
    with pytest.raises(NotFound):
        await desk.confirm(new_id("pay"))


async def test_a_yes_needs_a_real_name(desk: Any) -> None:
    payment = await desk.request()
    with pytest.raises(AssuranceTooLow):
        await desk.confirm(payment, desk.person("1", assurance=1))
    assert await desk.state(payment) == "REQUESTED"


async def test_cancelled_stays_cancelled_and_confirmed_cannot_be_cancelled(desk: Any) -> None:
    one, two = await desk.request(), await desk.request()
    assert (await desk.cancel(one)) == (await desk.cancel(one))
    with pytest.raises(payments.PaymentEnded):
        await desk.confirm(one)
    await desk.confirm(two)
    with pytest.raises(payments.PaymentEnded):
        await desk.cancel(two)
    assert await desk.problems() == []


async def test_of_fifty_payments_racing_for_one_bill_one_is_confirmed(desk: Any) -> None:
    """Fifty payments of one bill, all confirmed at once: one wins, 49 are told, one amount is held."""
    made = [await desk.request() for _ in range(50)]
    answers = await asyncio.gather(*(desk.confirm(payment) for payment in made), return_exceptions=True)
    assert sum(isinstance(answer, payments.Payment) for answer in answers) == 1
    assert sum(isinstance(answer, payments.BillBeingPaid) for answer in answers) == 49
    assert await desk.facts() == ["payment.confirmed"]
    assert await desk.problems() == []


async def test_fifty_confirmations_of_one_payment_confirm_it_once(desk: Any) -> None:
    payment = await desk.request()
    answers = await asyncio.gather(*(desk.confirm(payment) for _ in range(50)))
    assert {answer.state for answer in answers} == {PaymentState.CONFIRMED}
    assert await desk.facts() == ["payment.confirmed"]
    assert await desk.problems() == []


async def test_a_yes_and_a_no_at_once_end_in_one_of_them(desk: Any) -> None:
    made = [await desk.request(bill=desk.bill(f"SI-{number}")) for number in range(10)]
    deeds = [deed for payment in made for deed in (desk.confirm(payment), desk.cancel(payment))]
    answers = await asyncio.gather(*deeds, return_exceptions=True)
    for yes, no in zip(answers[::2], answers[1::2], strict=True):
        assert isinstance(yes, payments.Payment) != isinstance(no, payments.Payment)
    assert await desk.problems() == []


async def test_a_bill_paid_here_is_not_asked_for_again_even_if_the_department_does_not_know_yet(desk: Any) -> None:
    payment = await desk.confirmed()
    await desk.settle(desk.channel.event(payment.id, "settled"))
    with pytest.raises(payments.BillAlreadyPaid):
        await desk.request()


async def test_a_bill_that_was_amended_is_not_paid_at_the_old_amount(desk: Any) -> None:
    old = await desk.request()
    new = await desk.request(bill=desk.bill(amount=Money(40000)))
    with pytest.raises(payments.BillChanged):
        await desk.confirm(old)
    assert (await desk.confirm(new)).amount == Money(40000)
    assert await desk.problems() == []


async def test_a_bill_being_paid_is_not_amended_under_the_citizens_hands(desk: Any) -> None:
    payment = await desk.confirmed()
    await desk.request(bill=desk.bill(amount=Money(1)))
    await desk.settle(desk.channel.event(payment.id, "settled"))
    assert await desk.balances() == {
        "channel:emulator:clearing:CNY": -36000,
        "department:hrss.linhai:payee:CNY": 36000,
    }
