"""The demonstration department: its book of payments, its people, and who may tell it to misbehave."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from shimin.adapters.http_source import HttpSource
from shimin.demo.department_books import Books
from shimin.demo.residents import load_residents
from shimin.identity import check_id_number, normalise_phone
from shimin.ports.source import SourceQuestion

LIN, WU = load_residents()[0], load_residents()[2]
BILL = LIN.bills[0]
MakeSource = Callable[..., HttpSource]


@pytest.fixture
def book_path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def books(book_path: Path) -> Iterator[Books]:
    opened = Books(book_path, LIN.bills, today=date(2026, 11, 23))
    yield opened
    opened.close()


def paid_by(payment_id: str, **changed: Any) -> dict[str, Any]:
    order = {
        "reference": BILL.reference,
        "payment_id": payment_id,
        "amount_minor": BILL.amount_minor,
        "currency": "CNY",
    }
    return {**order, **changed}


def test_the_citys_people_are_complete_and_their_numbers_could_exist() -> None:
    people = load_residents()
    assert len(people) >= 6
    assert people[0].name_zh_hans == "林小满"
    for person in people:
        assert check_id_number(person.id_number, today=date(2026, 11, 23)) == person.id_number
        assert person.id_number.startswith("990000")
        assert normalise_phone(person.phone) == person.phone
    assert len({person.id_number for person in people} | {person.phone for person in people}) == 2 * len(people)
    references = [bill.reference for person in people for bill in person.bills]
    assert len(set(references)) == len(references)


def test_a_bill_is_paid_once_however_often_it_is_told(books: Books) -> None:
    assert books.paid() == {}
    assert [books.record(**paid_by("pay_1")) for _ in range(3)] == [None, None, None]
    assert books.paid() == {BILL.reference: "pay_1"}


def test_what_does_not_fit_the_book_is_named_and_changes_nothing(books: Books) -> None:
    books.record(**paid_by("pay_1"))
    assert books.record(**paid_by("pay_2")) == "paid_otherwise"
    assert books.record(**paid_by("pay_1", reference=LIN.bills[1].reference, amount_minor=40000)) == "payment_used"
    assert books.record(**paid_by("pay_3", amount_minor=1)) == "other_amount"
    assert books.record(**paid_by("pay_3", currency="HKD")) == "other_amount"
    assert books.record(**paid_by("pay_3", reference="LH-000")) == "unknown_bill"
    assert books.paid() == {BILL.reference: "pay_1"}


def test_the_book_survives_a_restart_and_keeps_its_first_day(books: Books, book_path: Path) -> None:
    books.record(**paid_by("pay_1"))
    again = Books(book_path, LIN.bills, today=datetime(2027, 5, 1, tzinfo=UTC).date())
    assert again.paid() == {BILL.reference: "pay_1"}
    assert again.began_on == date(2026, 11, 23)
    again.close()


async def test_a_bill_is_shown_to_its_owner_alone_and_changes_when_paid(
    department: Any, make_source: MakeSource
) -> None:
    source = make_source(department.url)

    async def bill_of(id_number: str) -> Any:
        inputs = {"id_number": id_number, "reference": BILL.reference}
        return (await source.ask(SourceQuestion("hrss", "bill", inputs, "t"))).data["bill"]

    assert await bill_of(WU.id_number) is None
    shown = await bill_of(LIN.id_number)
    assert (shown["state"], shown["amount"]) == ("DUE", {"amount_minor": BILL.amount_minor, "currency": "CNY"})
    told = await source.ask(SourceQuestion("hrss", "record_payment", paid_by("pay_1"), "t"))
    assert told.data == {"recorded": True}
    assert (await bill_of(LIN.id_number))["state"] == "PAID"
    other = await source.ask(SourceQuestion("hrss", "record_payment", paid_by("pay_2"), "t"))
    assert other.data == {"recorded": False, "problem": "paid_otherwise"}


async def test_questions_without_a_signature_and_admin_without_the_secret_are_turned_away(department: Any) -> None:
    async with httpx.AsyncClient(base_url=department.url) as client:
        assert (await client.get("/health")).status_code == 200
        unsigned = await client.post("/hrss/social-insurance", json={"id_number": LIN.id_number})
        forged = await client.post(
            "/hrss/social-insurance",
            json={"id_number": LIN.id_number},
            headers={b"shimin-timestamp": b"1", b"shimin-nonce": b"n", b"shimin-signature": b"\xff" * 64},
        )
        fault = await client.post("/admin/fault", json={"fault": "down"}, headers={"authorization": "Bearer x"})
        payments = await client.get("/admin/payments")
        long = await client.post("/hrss/bill", content=b"x" * 20_000)
    assert (unsigned.status_code, forged.status_code) == (401, 401)
    assert (fault.status_code, payments.status_code, long.status_code) == (404, 404, 413)
    assert LIN.name_zh_hans not in unsigned.text
