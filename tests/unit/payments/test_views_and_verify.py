"""Who sees which payments, and that contradictions between payments, bills and the ledger are found."""

from typing import Any

import pytest

from shimin import payments
from shimin.db import PageTooLarge, read_one, read_page
from shimin.kit.call import ANONYMOUS, Call, system_call
from shimin.kit.ids import new_id
from shimin.kit.refusal import NotAllowed


async def seen(desk: Any, call: Call) -> set[str]:
    """Return the ids of all payments this caller can list."""
    async with desk.db.reader() as reader:
        page = await read_page(reader, payments.PAYMENTS, call, order="newest", first=100)
    return {row["id"] for row in page.rows}


async def test_everybody_sees_their_own_payments_and_a_mini_app_those_it_asked_for(desk: Any) -> None:
    own = await desk.request(bill=desk.bill("SI-1"))
    by_app = await desk.request(desk.app(), bill=desk.bill("SI-2"))
    by_other_app = await desk.request(desk.app(app_id="linhai.police.fines"), bill=desk.bill("SI-3"))
    wangs = await desk.request(desk.app(desk.wang), bill=desk.bill("SI-4"))
    expected = {
        desk.lin: {own.id, by_app.id, by_other_app.id},
        desk.wang: {wangs.id},
        desk.app(): {by_app.id},
        desk.app(desk.wang): {wangs.id},
        desk.app(app_id="linhai.police.fines"): {by_other_app.id},
        Call(actor=ANONYMOUS): set(),
    }
    everything = {own.id, by_app.id, by_other_app.id, wangs.id}
    for call, visible in expected.items():
        assert await seen(desk, call) == visible
        for payment_id in everything:
            async with desk.db.reader() as reader:
                row = await read_one(reader, payments.PAYMENTS, call, payment_id)
            assert (row is not None) == (payment_id in visible)


async def test_lists_come_in_pages_newest_first(desk: Any) -> None:
    made = [await desk.request(bill=desk.bill(f"SI-{number}")) for number in range(5)]
    async with desk.db.reader() as reader:
        first = await read_page(reader, payments.PAYMENTS, desk.lin, order="newest", first=3)
        rest = await read_page(reader, payments.PAYMENTS, desk.lin, order="newest", first=3, after=first.end_cursor)
        with pytest.raises(PageTooLarge):
            await read_page(reader, payments.PAYMENTS, desk.lin, order="newest", first=101)
    ids = [row["id"] for row in (*first.rows, *rest.rows)]
    assert (len(first.rows), first.has_next, len(rest.rows), rest.has_next) == (3, True, 2, False)
    assert sorted(ids) == sorted(payment.id for payment in made)


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        ("UPDATE payment SET state = 'SETTLED' WHERE state = 'CONFIRMED'", "payment_without_its_transfer"),
        ("UPDATE payment SET transfer_id = 'trf_none' WHERE state = 'SETTLED'", "payment_without_its_transfer"),
        ("UPDATE payment SET amount_minor = amount_minor + 1", "payment_without_its_transfer"),
        ("UPDATE payment_bill SET state = 'OPEN', payment_id = NULL WHERE state = 'PAID'", "bill_and_payment_differ"),
        ("UPDATE payment_bill SET state = 'PAID' WHERE state = 'PAYING'", "bill_and_payment_differ"),
        ("UPDATE payment_bill SET payment_id = 'pay_none' WHERE state = 'PAYING'", "bill_and_payment_differ"),
    ],
)
async def test_a_contradiction_is_found(desk: Any, deed: str, kind: str) -> None:
    settled, _ = await desk.confirmed(reference="SI-1"), await desk.confirmed(reference="SI-2")
    await desk.settle(desk.channel.event(settled.id, "settled"))
    assert await desk.problems() == []
    async with desk.db.unit() as unit:
        assert await unit.execute(deed) > 0
    assert kind in {problem.kind for problem in await desk.problems()}


async def test_the_platform_itself_asks_for_no_payments(desk: Any) -> None:
    with pytest.raises(NotAllowed):
        await desk.request(system_call(on_behalf_of=desk.lin.need_citizen()), payment_id=new_id("pay"))
