"""A package comes in strictly read, under its owner's name, with a higher version; what is built is signed."""

import asyncio
import zipfile
from io import BytesIO

import pytest
from tests.unit.releases.conftest import APP, DEVELOPER, HRSS, POLICE, REVIEWER, Desk, member, package

from shimin import releases
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.refusal import NotAllowed, NotFound, NotSignedIn
from shimin.ports.sandbox import artifact_statement
from shimin.releases import AppIdNotOwned, DepartmentMismatch, PackageBroken, PackageTooLarge, State, VersionNotHigher
from shimin.releases.model import PACKAGE_BYTES_MAX


async def test_an_upload_waits_to_be_checked_and_says_so_once(desk: Desk) -> None:
    release = await desk.upload(package())
    assert (release.state, release.app_id, release.department_id) == (State.CHECKING, APP, HRSS)
    assert release.uploaded_by == DEVELOPER.actor.id
    facts = await desk.rows("SELECT name, key FROM outbox")
    assert facts == [{"name": "release.uploaded", "key": APP}]
    async with desk.db.reader() as reader:
        assert await releases.waiting_for_check(reader) == [release.id]


@pytest.mark.parametrize("who", ["anonymous", "reviewer", "citizen"])
async def test_only_a_departments_people_upload(desk: Desk, who: str) -> None:
    call = {"anonymous": Call(actor=ANONYMOUS), "reviewer": REVIEWER}.get(who) or member("x", role="auditor")
    with pytest.raises((NotAllowed, NotSignedIn)):
        await desk.upload(package(), call)
    assert await desk.counts() == (0, 0, 0)


async def test_a_broken_package_is_refused_with_the_readers_own_code(desk: Desk) -> None:
    with pytest.raises(PackageBroken, match="E_ZIP"):
        await desk.upload(b"no archive")
    content = package()
    with pytest.raises(PackageBroken, match="E_ZIP"):
        await desk.upload(content[: len(content) // 2])
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../outside.py", "x")
    with pytest.raises(PackageBroken, match="E_"):
        await desk.upload(archive.getvalue())
    assert await desk.counts() == (0, 0, 0)


async def test_a_package_beyond_the_limit_is_not_even_opened(desk: Desk) -> None:
    with pytest.raises(PackageTooLarge) as refused:
        await desk.upload(b"\0" * (PACKAGE_BYTES_MAX + 1))
    assert refused.value.size_bytes_max == PACKAGE_BYTES_MAX


async def test_nobody_uploads_for_another_department(desk: Desk) -> None:
    with pytest.raises(DepartmentMismatch):
        await desk.upload(package(department=POLICE))
    with pytest.raises(DepartmentMismatch):
        await desk.upload(package(), member("p", POLICE))
    assert await desk.counts() == (0, 0, 0)


async def test_an_app_id_outside_the_departments_namespace_is_refused_with_the_namespace(desk: Desk) -> None:
    with pytest.raises(AppIdNotOwned) as refused:
        await desk.upload(package(2, department=POLICE), member("p", POLICE))
    assert refused.value.namespace == "linhai.psb."
    assert (await desk.counts())[0] == 0


@pytest.mark.parametrize("version", [3, 2])
async def test_a_version_is_above_every_earlier_one(desk: Desk, version: int) -> None:
    await desk.upload(package(3))
    with pytest.raises(VersionNotHigher) as refused:
        await desk.upload(package(version))
    assert refused.value.highest == 3
    assert (await desk.upload(package(4))).version_code == 4


async def test_of_twenty_uploads_at_once_versions_rise_and_the_department_owns_the_app(desk: Desk) -> None:
    """The guard is one statement in the database, not a question asked before."""
    ours, theirs = [package(n) for n in range(1, 11)], [package(n, department=POLICE) for n in range(1, 11)]
    came = await asyncio.gather(
        *(desk.upload(content) for content in ours),
        *(desk.upload(content, member("p", POLICE)) for content in theirs),
        return_exceptions=True,
    )
    kept = await desk.rows("SELECT department_id, version_code FROM release ORDER BY id")
    taken = [item for item in came if isinstance(item, releases.Release)]
    refused = [item for item in came if not isinstance(item, releases.Release)]
    assert len(taken) == len(kept) >= 1
    assert len({row["department_id"] for row in kept}) == 1
    assert all(isinstance(item, (VersionNotHigher, AppIdNotOwned)) for item in refused), refused
    claims = await desk.rows("SELECT department_id, version_code_highest FROM mini_app")
    assert claims == [
        {"department_id": kept[0]["department_id"], "version_code_highest": max(r["version_code"] for r in kept)}
    ]


async def test_a_good_package_is_built_signed_and_ready(desk: Desk) -> None:
    release = await desk.ready()
    assert (release.state, release.findings) == (State.READY, ())
    artifact = release.artifact
    assert artifact is not None
    statement = artifact_statement(
        package_digest=release.digest,
        component_digest=artifact.component_digest,
        compiled_digest=artifact.compiled_digest,
        engine=artifact.engine,
    )
    assert desk.signer.verify(statement, bytes.fromhex(artifact.signature))
    assert (await desk.blobs.get(artifact.compiled_key)).startswith(b"compiled ")
    async with desk.db.reader() as reader:
        documents = await releases.documents_of(reader, release.id)
    assert [item.path for item in documents] == ["operations/overview.graphql", "operations/request_payment.graphql"]
    assert "insurance.pension.balance" in documents[0].scopes.scopes
    assert documents[1].scopes.scopes == ()
    assert documents[0].purpose.keys() >= {"zh-Hans", "en"}


async def test_a_check_that_runs_again_builds_nothing_and_changes_nothing(desk: Desk) -> None:
    release = await desk.ready()
    before = await desk.counts()
    assert await desk.check(release.id) == release
    assert (len(desk.builder.built), await desk.counts()) == (1, before)


async def test_two_checks_at_once_conclude_once(desk: Desk) -> None:
    release = await desk.upload(package())
    first, second = await asyncio.gather(desk.check(release.id), desk.check(release.id))
    assert first.state == second.state == State.READY
    entries = await desk.rows("SELECT action FROM audit_platform_entry")
    assert entries == [{"action": "release.pass_check"}]


async def test_a_document_that_does_not_fit_the_schema_fails_the_check_and_says_where(desk: Desk) -> None:
    document = "query Overview { socialInsurance { pension { secretNotes } } }"
    content = package(changed={"operations/overview.graphql": document})
    release = await desk.check((await desk.upload(content)).id)
    assert release.state is State.CHECK_FAILED
    finding = next(item for item in release.findings if "secretNotes" in item)
    assert finding.startswith("operations/overview.graphql")
    assert not desk.builder.built, "nothing is built of what failed"
    assert await desk.rows("SELECT id FROM release_document") == []


async def test_a_build_that_fails_is_a_finding(desk: Desk) -> None:
    desk.builder.fails = "server/app.py does not import"
    release = await desk.ready()
    assert release.state is State.CHECK_FAILED
    assert "MINIAPP_BUILD_FAILED" in release.findings[0]
    assert "does not import" in release.findings[0]
    assert release.artifact is None


async def test_what_failed_its_check_goes_no_further(desk: Desk) -> None:
    desk.builder.fails = "no"
    release = await desk.ready()
    with pytest.raises(releases.InvalidTransition) as refused:
        await desk.do(releases.submit, DEVELOPER, release.id)
    assert (refused.value.state, refused.value.allowed) == ("CHECK_FAILED", [])


async def test_there_is_no_checking_what_is_not_there(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.check("rel_" + "0" * 32)
