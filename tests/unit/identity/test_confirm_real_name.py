"""Real names: the register says match or no match, guesses are few, one person has one account."""

import pytest
from tests.unit.identity.conftest import House

from shimin.db import read_one
from shimin.identity import (
    PROFILE,
    IdentityAlreadyConfirmed,
    IdentityNotMatched,
    IdentityTaken,
    IdentityTriedTooOften,
    InvalidIdNumber,
    InvalidName,
    Person,
    confirm_real_name,
    find_person,
)
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.held import assert_outside_unit
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotAllowed, NotSignedIn
from shimin.ports.source import SourceAnswer, SourceQuestion, SourceUnavailable

NAME, NUMBER = "林小满", "990000199001011239"
OTHER_NUMBER = "99000019900101005X"
OTHER_PHONE, OTHER_NONCE = "+8619900005678", "device-nonce-0000000002"


class Register:
    """A population register that knows these people and remembers what it was asked."""

    def __init__(self, house: House, *known: tuple[str, str]) -> None:
        self.house = house
        self.known = known
        self.asked: list[SourceQuestion] = []
        self.is_down = False

    async def ask(self, question: SourceQuestion) -> SourceAnswer:
        assert_outside_unit("ask a source")
        self.asked.append(question)
        if self.is_down:
            raise SourceUnavailable(source=question.source, reason="down")
        found = (question.inputs["name"], question.inputs["id_number"]) in self.known
        return SourceAnswer(data={"match": found}, as_of=self.house.clock.now())

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def register(house: House) -> Register:
    return Register(house, (NAME, NUMBER), (NAME, OTHER_NUMBER))


async def confirm(house: House, register: Register, call: Call, name: str = NAME, number: str = NUMBER) -> int:
    return await confirm_real_name(call, name, number, db=house.db, source=register, clock=house.clock)


async def profile(house: House, call: Call) -> dict[str, object]:
    async with house.db.reader() as reader:
        row = await read_one(reader, PROFILE, call, call.actor.id)
    assert row is not None
    return dict(row)


async def test_a_match_raises_assurance_to_2_and_shows_the_name_masked(house: House, register: Register) -> None:
    call = house.call_of(await house.signed_in())
    assert await confirm(house, register, call) == 2
    seen = await profile(house, call)
    assert (seen["name"], seen["assurance"], seen["phone"]) == ("林*满", 2, "+86 199****1234")
    assert NUMBER not in str(seen)
    assert call.citizen_id
    async with house.db.reader() as reader:
        assert await find_person(reader, call.citizen_id) == Person(name=NAME, id_number=NUMBER)
    question = register.asked[0]
    assert (question.source, question.operation) == ("population", "match")
    assert question.inputs == {"name": NAME, "id_number": NUMBER}


async def test_below_level_2_there_is_no_person(house: House) -> None:
    call = house.call_of(await house.signed_in())
    assert call.citizen_id
    async with house.db.reader() as reader:
        assert await find_person(reader, call.citizen_id) is None


async def test_confirming_the_same_person_again_changes_nothing_and_asks_nobody(
    house: House, register: Register
) -> None:
    call = house.call_of(await house.signed_in())
    await confirm(house, register, call)
    assert await confirm(house, register, call) == 2
    assert len(register.asked) == 1


async def test_a_confirmed_citizen_cannot_become_somebody_else(house: House, register: Register) -> None:
    call = house.call_of(await house.signed_in())
    await confirm(house, register, call)
    with pytest.raises(IdentityAlreadyConfirmed):
        await confirm(house, register, call, number=OTHER_NUMBER)


async def test_a_person_has_one_account(house: House, register: Register) -> None:
    await confirm(house, register, house.call_of(await house.signed_in()))
    other = house.call_of(await house.signed_in(OTHER_PHONE, OTHER_NONCE))
    with pytest.raises(IdentityTaken):
        await confirm(house, register, other)
    assert (await profile(house, other))["assurance"] == 1


async def test_five_wrong_guesses_end_the_day_also_for_the_right_name(house: House, register: Register) -> None:
    call = house.call_of(await house.signed_in())
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(IdentityNotMatched) as refused:
            await confirm(house, register, call, name="王五")
        assert refused.value.tries_left == left
    with pytest.raises(IdentityTriedTooOften) as late:
        await confirm(house, register, call)
    assert 0 < late.value.retry_after_s <= 86_400
    assert len(register.asked) == 5
    house.later(days=1)
    assert await confirm(house, register, call) == 2


async def test_a_register_that_is_down_uses_up_no_try(house: House, register: Register) -> None:
    call = house.call_of(await house.signed_in())
    register.is_down = True
    for _ in range(7):
        with pytest.raises(SourceUnavailable):
            await confirm(house, register, call)
    register.is_down = False
    assert await confirm(house, register, call) == 2


async def test_a_number_that_cannot_be_one_never_reaches_the_register(house: House, register: Register) -> None:
    call = house.call_of(await house.signed_in())
    with pytest.raises(InvalidIdNumber):
        await confirm(house, register, call, number="990000199001011238")
    with pytest.raises(InvalidName):
        await confirm(house, register, call, name="<script>")
    assert not register.asked


async def test_only_a_citizen_in_person_confirms_a_name(house: House, register: Register) -> None:
    citizen = house.call_of(await house.signed_in())
    app = citizen.for_release(app_id="app", release_id="rel_1", department_id=DepartmentId("hrss.linhai"))
    with pytest.raises(NotAllowed):
        await confirm(house, register, app)
    with pytest.raises(NotSignedIn):
        await confirm(house, register, Call(actor=ANONYMOUS))
    assert not register.asked


async def test_the_fact_carries_neither_name_nor_number(house: House, register: Register) -> None:
    await confirm(house, register, house.call_of(await house.signed_in()))
    async with house.db.reader() as reader:
        payloads = str(await reader.fetch("SELECT name, payload FROM outbox"))
    assert "identity.confirmed" in payloads
    assert NUMBER not in payloads
    assert NAME not in payloads
    assert "19900001234" not in payloads
