"""What a transfer promises."""

import asyncio
from typing import Any

import pytest

from shimin import ledger
from shimin.kit.call import system_call
from shimin.kit.money import Money
from shimin.kit.refusal import IdempotencyConflict, InvalidInput, InvalidMoney


async def test_a_held_amount_has_not_moved(books: Any) -> None:
    transfer = await books.hold(books.order(1))
    assert transfer.state is ledger.TransferState.PENDING
    assert await books.balance(books.world) == (0, 500)
    assert await books.balance(books.hrss) == (0, 0)
    assert (await books.verify()).is_balanced


async def test_a_posted_amount_has_moved_once_however_often_it_is_posted(books: Any) -> None:
    await books.hold(books.order(1))
    first = await books.post("trf_1")
    again = await books.post("trf_1")
    assert first == again
    assert await books.balance(books.world) == (-500, 0)
    assert await books.balance(books.hrss) == (500, 0)
    assert (await books.verify()).is_balanced


async def test_a_voided_amount_is_where_it_was(books: Any) -> None:
    await books.hold(books.order(1))
    assert (await books.void("trf_1")) == (await books.void("trf_1"))
    assert await books.balance(books.world) == (0, 0)
    assert (await books.verify()).is_balanced


async def test_a_transfer_ends_one_way_only(books: Any) -> None:
    await books.hold(books.order(1))
    await books.hold(books.order(2))
    await books.post("trf_1")
    await books.void("trf_2")
    with pytest.raises(ledger.TransferEnded):
        await books.void("trf_1")
    with pytest.raises(ledger.TransferEnded):
        await books.post("trf_2")
    assert await books.balance(books.hrss) == (500, 0)


async def test_the_same_order_again_is_the_same_transfer_at_any_later_time(books: Any) -> None:
    first = await books.hold(books.order(1))
    assert await books.hold(books.order(1)) == first
    posted = await books.post("trf_1")
    assert await books.hold(books.order(1)) == posted
    assert await books.balance(books.world) == (-500, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": Money(501)},
        {"id": "trf_other"},
        {"idempotency_key": "key-other"},
        {"purpose": "gift"},
        {"to_account": "department:police.linhai:payee:CNY"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_a_key_or_id_with_other_content_is_refused_and_changes_nothing(
    books: Any, changed: dict[str, object]
) -> None:
    await books.hold(books.order(1))
    with pytest.raises(IdempotencyConflict):
        await books.hold(books.order(1, **changed))
    assert await books.balance(books.world) == (0, 500)
    assert (await books.verify()).balance.transfers == {"PENDING": 1}


async def test_an_account_gives_no_more_than_it_has_less_what_is_held(books: Any) -> None:
    await books.hold(books.order(1, 500))
    await books.post("trf_1")
    back = {"from_account": books.hrss, "to_account": books.police}
    await books.hold(books.order(2, 300, **back))
    with pytest.raises(ledger.InsufficientFunds):
        await books.hold(books.order(3, 201, **back))
    await books.hold(books.order(4, 200, **back))
    assert await books.balance(books.hrss) == (500, 500)


async def test_what_cannot_be_held_leaves_no_trace(books: Any) -> None:
    with pytest.raises(ledger.AccountUnknown):
        await books.hold(books.order(1, to_account="department:nobody:payee:CNY"))
    with pytest.raises(ledger.CurrencyMismatch):
        await books.hold(books.order(1, amount=Money(5, "HKD")))
    assert (await books.verify()).balance.transfers == {}


@pytest.mark.parametrize("amount_minor", [0, -1])
async def test_only_positive_amounts_move(books: Any, amount_minor: int) -> None:
    with pytest.raises(InvalidMoney):
        await books.hold(books.order(1, amount_minor))


async def test_nothing_moves_from_an_account_to_itself(books: Any) -> None:
    with pytest.raises(InvalidInput):
        await books.hold(books.order(1, to_account=books.world))


async def test_what_does_not_exist_cannot_end(books: Any) -> None:
    with pytest.raises(ledger.TransferUnknown):
        await books.post("trf_none")
    with pytest.raises(ledger.TransferUnknown):
        await books.void("trf_none")


async def test_opening_an_account_again_keeps_its_balance(books: Any) -> None:
    await books.hold(books.order(1))
    await books.post("trf_1")
    async with books.db.unit() as unit:
        order = ledger.OpenAccount("department", "hrss.linhai", "payee")
        account = await ledger.open_account(system_call(), order, unit=unit, clock=books.clock)
    assert account.posted == Money(500)


async def test_fifty_at_once_post_and_void_one_transfer_and_one_of_them_wins(books: Any) -> None:
    """Half of them post, half void: one end is reached, the other half is told so, the sum stays zero."""
    await books.hold(books.order(1))
    deeds = [books.post("trf_1") if number % 2 else books.void("trf_1") for number in range(50)]
    answers = await asyncio.gather(*deeds, return_exceptions=True)
    ended = [answer for answer in answers if isinstance(answer, ledger.Transfer)]
    refused = [answer for answer in answers if isinstance(answer, ledger.TransferEnded)]
    assert (len(ended), len(refused)) == (25, 25)
    assert len({answer.state for answer in ended}) == 1
    moved = 500 if ended[0].state is ledger.TransferState.POSTED else 0
    assert await books.balance(books.hrss) == (moved, 0)
    assert (await books.verify()).is_balanced


async def test_fifty_at_once_cannot_take_more_than_there_is(books: Any) -> None:
    await books.hold(books.order(0, 1000))
    await books.post("trf_0")
    back = {"from_account": books.hrss, "to_account": books.police}
    answers = await asyncio.gather(
        *(books.hold(books.order(number, 300, **back)) for number in range(1, 51)), return_exceptions=True
    )
    assert sum(isinstance(answer, ledger.Transfer) for answer in answers) == 3
    assert sum(isinstance(answer, ledger.InsufficientFunds) for answer in answers) == 47
    assert await books.balance(books.hrss) == (1000, 900)
    assert (await books.verify()).is_balanced
