"""Money is exact, bounded and never mixes currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.kit.money import AMOUNT_MINOR_MAX, MINOR_DIGITS, Money
from shimin.kit.refusal import InvalidMoney

AMOUNTS = st.integers(0, AMOUNT_MINOR_MAX - 1)


@given(AMOUNTS, st.sampled_from(sorted(MINOR_DIGITS)))
def test_what_is_written_is_read_back_exactly(amount_minor: int, currency: str) -> None:
    money = Money(amount_minor, currency)
    assert Money.parse(money.decimal(), currency) == money


@given(AMOUNTS)
def test_a_negative_amount_shows_its_sign_once(amount_minor: int) -> None:
    assert (-Money(amount_minor + 1)).decimal() == f"-{Money(amount_minor + 1).decimal()}"


@pytest.mark.parametrize("text", ["", "1.234", "-1", "1,00", "01", "1e3", "１２", " 1", "1.", "9" * 20, "NaN"])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidMoney):
        Money.parse(text)


def test_currencies_never_mix() -> None:
    with pytest.raises(InvalidMoney):
        Money(1, "CNY") + Money(1, "HKD")


@pytest.mark.parametrize("amount", [1.0, True, "1", AMOUNT_MINOR_MAX + 1])
def test_an_amount_is_a_whole_number_in_range(amount: object) -> None:
    with pytest.raises(InvalidMoney):
        Money(amount)  # type: ignore[arg-type]
