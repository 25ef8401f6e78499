"""Money in mini-apps is exact and speaks the same language as the core's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.kit.money import MINOR_DIGITS as CORE_DIGITS
from shimin.kit.money import Money as CoreMoney
from shimin_sdk import Money
from shimin_sdk.money import AMOUNT_MINOR_MAX, MINOR_DIGITS

amounts = st.integers(-(10**12), 10**12)


def test_the_currencies_are_the_cores() -> None:
    assert MINOR_DIGITS == CORE_DIGITS


@given(amounts, st.sampled_from(sorted(MINOR_DIGITS)))
def test_writing_and_reading_an_amount_gives_it_back_and_agrees_with_the_core(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.decimal(), currency) == money
    assert money.decimal() == CoreMoney(minor, currency).decimal()


@given(amounts, amounts)
def test_sums_are_those_of_whole_numbers(a: int, b: int) -> None:
    assert (Money(a) + Money(b) - Money(b)).amount_minor == a
    assert (Money(a) < Money(b), Money(a) >= Money(b)) == (a < b, a >= b)
    assert -Money(a) + Money(a) == Money(0)
    assert not (Money(a) - Money(a))
    assert (Money(a) * 3).amount_minor == 3 * a


@pytest.mark.parametrize("text", ["", "1,000.00", "1.", ".5", "1.005", "1e3", "0x10", "01", "１", "1.00 ", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount such as"):
        Money.parse(text)


def test_floats_other_currencies_and_sums_across_currencies_are_refused() -> None:
    with pytest.raises(TypeError):
        Money(1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(amount_minor=True)
    with pytest.raises(ValueError, match="currency"):
        Money(1, "XXX")
    with pytest.raises(ValueError, match="two currencies"):
        Money(1) + Money(1, "EUR")
    with pytest.raises(ValueError, match="at most"):
        Money(AMOUNT_MINOR_MAX + 1)
