"""A call carries the least authority: a mini-app never acts in person, and nobody acts for nobody."""

import pytest

from shimin.kit.call import ANONYMOUS, SYSTEM, Actor, Call, system_call
from shimin.kit.ids import CitizenId, DepartmentId, check_id, new_id
from shimin.kit.refusal import InvalidId, NotAllowed, NotSignedIn

CITIZEN = CitizenId(new_id("ctz"))
IN_PERSON = Call(actor=Actor(kind="citizen", id=CITIZEN, citizen_id=CITIZEN, assurance=2))
REVIEWER = Call(actor=Actor(kind="operator", id="stf_1", roles=frozenset({"reviewer"})))


def test_a_mini_app_sees_the_citizen_but_is_not_the_citizen() -> None:
    inside = IN_PERSON.for_release(app_id="a.b", release_id="rel_1", department_id=DepartmentId("d.e"))
    assert inside.need_citizen() == CITIZEN
    assert inside.actor.assurance == 2
    with pytest.raises(NotAllowed):
        inside.need_self()


def test_nobody_signed_in_is_told_to_sign_in_and_others_that_they_may_not() -> None:
    with pytest.raises(NotSignedIn):
        Call(actor=ANONYMOUS).need_citizen()
    with pytest.raises(NotAllowed):
        REVIEWER.need_citizen()
    with pytest.raises(NotAllowed):
        REVIEWER.need_self()


def test_a_role_opens_only_its_own_doors() -> None:
    REVIEWER.need_role("reviewer", "releaser")
    with pytest.raises(NotAllowed):
        REVIEWER.need_role("releaser")
    with pytest.raises(NotSignedIn):
        Call(actor=ANONYMOUS).need_role("reviewer")
    system_call().need_role("releaser")
    assert SYSTEM.kind == "system"


def test_ids_say_what_they_name_and_grow() -> None:
    ids = [new_id("pay") for _ in range(500)]
    assert sorted(ids) == ids
    assert len(set(ids)) == len(ids)
    assert check_id(ids[0], "pay") == ids[0]
    for wrong in (ids[0].replace("pay", "msg"), ids[0].upper(), "pay_", "", ids[0] + "0"):
        with pytest.raises(InvalidId):
            check_id(wrong, "pay")
