"""Numbers, names and masks: what is read, what is refused, what is shown."""

from datetime import date

import pytest

from shimin.identity import (
    AssuranceTooLow,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    check_id_number,
    mask_name,
    mask_phone,
    need_assurance,
    normalise_phone,
)
from shimin.identity.model import clean_device_name, clean_name
from shimin.kit.call import Actor, Call
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.kit.refusal import InvalidInput

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+852 5123 4567", "+85251234567"),
        ("00852 51234567", "+85251234567"),
        ("+44 (20) 7946 0000", "+442079460000"),
        ("+1 202-555-0100", "+12025550100"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, number: str) -> None:
    assert normalise_phone(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "110",
        "1380013800",
        "138001380000",
        "12800138000",
        "+86 10 6552 9988",
        "+8602012345678",
        "+0123456789",
        "+1234567890123456",
        "138001380o0",
        "+86",
        "phone",
        "+86138００１３８０００x",
        "1" * 5000,
        "12345678",
        "+٨٦١٣٨",
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(InvalidPhone):
        normalise_phone(written)


def test_masks_hide_the_middle() -> None:
    assert mask_phone("+8613800138000") == "+86 138****8000"
    assert mask_phone("+85251234567") == "+85****67"
    assert mask_name("张三丰") == "张*丰"
    assert mask_name("张三") == "张*"
    assert mask_name("张") == "*"
    assert mask_name("欧阳小美") == "欧**美"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("林小满", "林小满"),
        ("  林小满 ", "林小满"),
        ("Ana  María", "Ana María"),
        ("买买提•阿里", "买买提·阿里"),
        ("O'Neil", "O'Neil"),
    ],
)
def test_a_name_is_read_as_on_the_card(written: str, name: str) -> None:
    assert clean_name(written) == name


@pytest.mark.parametrize("written", ["", " ", "···", "a\x00b", "林1", "x" * 65, "<b>", "林\u202e满", "😀"])
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(InvalidName):
        clean_name(written)


# Invented numbers: no district has the code 990000.
@pytest.mark.parametrize("written", ["990000199001011239", "99000019900101005x", "９９０００019900101005X"])
def test_an_id_number_with_the_right_check_character_is_taken(written: str) -> None:
    assert check_id_number(written, today=TODAY) in {"990000199001011239", "99000019900101005X"}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "990000199001011238",
        "99000019900101123",
        "9900001990010112391",
        "990000199013011236",
        "990000199002301238",
        "990000209001011235",
        "099000199001011234",
        "99000019900101123X",
        "x" * 18,
        "990000180001011239",
    ],
)
def test_any_other_id_number_is_refused(written: str) -> None:
    with pytest.raises(InvalidIdNumber):
        check_id_number(written, today=TODAY)


def test_each_single_wrong_digit_is_found() -> None:
    good = "990000199001011239"
    for place in range(17):
        for digit in "0123456789":
            if digit != good[place]:
                with pytest.raises(InvalidIdNumber):
                    check_id_number(good[:place] + digit + good[place + 1 :], today=TODAY)


@pytest.mark.parametrize(("level", "step"), [(2, "confirm_real_name"), (3, "visit_service_hall")])
def test_too_low_an_assurance_names_the_step_that_helps(level: int, step: str) -> None:
    citizen = CitizenId("ctz_1")
    call = Call(actor=Actor(kind="citizen", id=citizen, citizen_id=citizen, assurance=1))
    need_assurance(call, 1)
    with pytest.raises(AssuranceTooLow) as refused:
        need_assurance(call, level)
    assert refused.value.params == {"needed": level, "step": step}


def test_a_mini_app_has_the_assurance_of_its_citizen_and_no_more() -> None:
    citizen = CitizenId("ctz_1")
    call = Call(actor=Actor(kind="citizen", id=citizen, citizen_id=citizen, assurance=2))
    app = call.for_release(app_id="app", release_id="rel_1", department_id=DepartmentId("hrss.linhai"))
    need_assurance(app, 2)
    with pytest.raises(AssuranceTooLow):
        need_assurance(app, 3)


def test_a_device_name_is_one_printable_line() -> None:
    assert clean_device_name("Lin's\n phone\x1b[31m") == "Lin's phone[31m"
    for written in ("", "\n\t", "x" * 65):
        with pytest.raises(InvalidInput):
            clean_device_name(written)
