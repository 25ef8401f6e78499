"""Each step is its office's, is written down with it, and at most one release of an app is served."""

import asyncio
from collections.abc import Mapping

import pytest
from tests.unit.releases.conftest import (
    APP,
    DEVELOPER,
    HRSS,
    POLICE,
    RELEASER,
    REVIEWER,
    Desk,
    Step,
    member,
    operator,
)

from shimin import audit, releases
from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.ids import CitizenId
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, NotSignedIn
from shimin.releases import DigestMismatch, FourEyes, InvalidTransition, State

CITIZEN = Call(actor=Actor(kind="citizen", id="ctz_1", citizen_id=CitizenId("ctz_1"), assurance=2))
OFFICES: Mapping[str, Call] = {
    "citizen": CITIZEN,
    "miniapp": CITIZEN.for_release(app_id=APP, release_id="rel_1", department_id=HRSS),
    "developer": DEVELOPER,
    "department_admin": member("adm", role="department_admin"),
    "reviewer": REVIEWER,
    "releaser": RELEASER,
    "auditor": operator("aud", "auditor"),
}
STEPS: Mapping[str, tuple[Step, tuple[object, ...], frozenset[str]]] = {
    "submit": (releases.submit, (), frozenset({"developer", "department_admin"})),
    "approve": (releases.approve, ("sha256:0",), frozenset({"reviewer"})),
    "reject": (releases.reject, (["unclear"],), frozenset({"reviewer"})),
    "go_live": (releases.go_live, (), frozenset({"releaser"})),
    "suspend": (releases.suspend, (), frozenset({"reviewer", "releaser"})),
    "lift": (releases.lift, (), frozenset({"releaser"})),
}


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_is_open_to_its_offices_only(desk: Desk, name: str) -> None:
    step, given, offices = STEPS[name]
    release = await desk.ready()
    before = await desk.counts()
    with pytest.raises(NotSignedIn):
        await desk.do(step, Call(actor=ANONYMOUS), release.id, *given)
    for office in OFFICES.keys() - offices:
        with pytest.raises(NotAllowed):
            await desk.do(step, OFFICES[office], release.id, *given)
    assert (await desk.counts(), await desk.state(release.id)) == (before, "READY")
    for office in offices:
        with pytest.raises(NotFound):
            await desk.do(step, OFFICES[office], "rel_" + "0" * 32, *given)


async def test_a_release_of_another_department_does_not_exist_for_its_developer(desk: Desk) -> None:
    release = await desk.ready()
    with pytest.raises(NotFound):
        await desk.do(releases.submit, member("p", POLICE), release.id)


async def test_who_uploaded_a_release_cannot_approve_it(desk: Desk) -> None:
    release = await desk.reviewed()
    both = Call(actor=Actor(kind="operator", id=DEVELOPER.actor.id, roles=frozenset({"reviewer"})))
    with pytest.raises(FourEyes):
        await desk.do(releases.approve, both, release.id, release.digest)
    assert await desk.state(release.id) == "IN_REVIEW"


async def test_an_approval_names_the_very_digest(desk: Desk) -> None:
    release = await desk.reviewed()
    with pytest.raises(DigestMismatch):
        await desk.do(releases.approve, REVIEWER, release.id, release.digest[:-1] + "x")
    approved = await desk.do(releases.approve, REVIEWER, release.id, release.digest)
    assert (approved.state, approved.approved_by) == (State.APPROVED, REVIEWER.actor.id)
    kept = await desk.rows("SELECT digest, approved_digest FROM release")
    assert kept == [{"digest": release.digest, "approved_digest": release.digest}]


async def test_a_refused_approval_leaves_no_approver_behind(desk: Desk) -> None:
    release = await desk.ready()
    with pytest.raises(InvalidTransition):
        await desk.do(releases.approve, REVIEWER, release.id, release.digest)
    assert await desk.rows("SELECT approved_by, approved_digest FROM release") == [
        {"approved_by": None, "approved_digest": None}
    ]


async def test_a_rejection_says_what_to_mend(desk: Desk) -> None:
    release = await desk.reviewed()
    for findings in ([], [""], ["x" * 501], ["x"] * 51):
        with pytest.raises(InvalidInput):
            await desk.do(releases.reject, REVIEWER, release.id, findings)
    rejected = await desk.do(releases.reject, REVIEWER, release.id, ["用途不清楚"])
    assert (rejected.state, rejected.findings) == (State.REJECTED, ("用途不清楚",))
    async with desk.db.reader() as reader:
        assert await releases.find(reader, release.id) == (rejected, f"packages/{release.digest[7:]}.ma")


async def test_a_rejection_that_does_not_fit_leaves_no_findings(desk: Desk) -> None:
    release = await desk.ready()
    with pytest.raises(InvalidTransition):
        await desk.do(releases.reject, REVIEWER, release.id, ["late"])
    async with desk.db.reader() as reader:
        found = await releases.find(reader, release.id)
    assert found is not None
    assert found[0].findings == ()


@pytest.mark.parametrize(
    ("name", "state", "allowed"),
    [("go_live", "READY", ["submit"]), ("suspend", "READY", ["submit"]), ("lift", "READY", ["submit"])],
)
async def test_a_step_that_does_not_fit_names_those_that_do(
    desk: Desk, name: str, state: str, allowed: list[str]
) -> None:
    step, given, _ = STEPS[name]
    release = await desk.ready()
    with pytest.raises(InvalidTransition) as refused:
        await desk.do(step, RELEASER, release.id, *given)
    assert (refused.value.state, refused.value.allowed) == (state, allowed)
    assert await desk.served() == []


async def test_the_next_release_supersedes_the_one_before(desk: Desk) -> None:
    first = await desk.live(1)
    second = await desk.live(2)
    assert (await desk.state(first.id), await desk.state(second.id)) == ("SUPERSEDED", "LIVE")
    assert await desk.served() == [second.id]


async def test_of_twenty_releases_that_go_live_at_once_one_is_live_and_the_others_superseded(desk: Desk) -> None:
    approved = [await desk.approved(version) for version in range(1, 21)]
    await asyncio.gather(*(desk.do(releases.go_live, RELEASER, item.id) for item in approved))
    states = [row["state"] for row in await desk.rows("SELECT state FROM release")]
    assert sorted(states) == ["LIVE", *["SUPERSEDED"] * 19]
    live = await desk.rows("SELECT id FROM release WHERE state = 'LIVE'")
    assert await desk.served() == [live[0]["id"]]


async def test_of_twenty_who_release_the_same_one_wins(desk: Desk) -> None:
    release = await desk.approved()
    came = await asyncio.gather(
        *(desk.do(releases.go_live, RELEASER, release.id) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(item, releases.Release) for item in came) == 1
    assert sum(isinstance(item, InvalidTransition) for item in came) == 19
    entries = await desk.rows("SELECT id FROM audit_platform_entry WHERE action = 'release.release'")
    assert len(entries) == 1


async def test_a_suspended_release_is_served_to_nobody_until_it_is_lifted(desk: Desk) -> None:
    release = await desk.live()
    await desk.do(releases.suspend, REVIEWER, release.id)
    assert await desk.served() == []
    async with desk.db.reader() as reader:
        assert await releases.find_live(reader, APP) is None
    await desk.do(releases.lift, RELEASER, release.id)
    assert (await desk.served(), await desk.state(release.id)) == ([release.id], "LIVE")


async def test_lifting_an_older_release_takes_the_place_of_the_one_that_came_meanwhile(desk: Desk) -> None:
    first = await desk.live(1)
    await desk.do(releases.suspend, RELEASER, first.id)
    second = await desk.live(2)
    await desk.do(releases.lift, RELEASER, first.id)
    assert (await desk.state(first.id), await desk.state(second.id)) == ("LIVE", "SUPERSEDED")
    assert await desk.served() == [first.id]


async def test_every_step_leaves_one_entry_in_the_log_and_one_fact(desk: Desk) -> None:
    release = await desk.live()
    await desk.do(releases.suspend, REVIEWER, release.id)
    entries = await desk.rows("SELECT action, actor_id FROM audit_platform_entry ORDER BY seq")
    assert [(row["action"], row["actor_id"]) for row in entries] == [
        ("release.pass_check", "system"),
        ("release.submit", DEVELOPER.actor.id),
        ("release.approve", REVIEWER.actor.id),
        ("release.release", RELEASER.actor.id),
        ("release.suspend", REVIEWER.actor.id),
    ]
    facts = await desk.rows("SELECT name FROM outbox ORDER BY seq")
    assert [row["name"] for row in facts] == ["release.uploaded", *["release.moved"] * 5]
    async with desk.db.reader() as reader:
        assert (await audit.verify(reader, audit.PLATFORM_CHAIN)).holds


async def test_a_step_and_its_entry_are_written_together_or_not_at_all(desk: Desk) -> None:
    release = await desk.approved()
    before = await desk.counts()
    with pytest.raises(RuntimeError, match="power cut"):
        async with desk.db.unit() as unit:
            await releases.go_live(RELEASER, release.id, unit=unit, clock=desk.clock)
            raise RuntimeError("power cut")
    assert (await desk.counts(), await desk.state(release.id), await desk.served()) == (before, "APPROVED", [])
