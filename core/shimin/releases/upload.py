"""Taking in a package: read strictly, packed anew, stored under the digest that everybody will sign."""

import asyncio

from shimin.db import Database
from shimin.departments import namespace_of, owns_app_id
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import DepartmentId, new_id
from shimin.ports.blobs import Blobs
from shimin.releases import rows
from shimin.releases.errors import AppIdNotOwned, DepartmentMismatch, PackageBroken, PackageTooLarge, VersionNotHigher
from shimin.releases.facts import ReleaseUploaded
from shimin.releases.model import PACKAGE_BYTES_MAX, Release, State
from shimin_sdk.pack import Package, PackageError, read


async def upload(call: Call, content: bytes, *, db: Database, blobs: Blobs, clock: Clock) -> Release:
    """Store a package as a new release in CHECKING; building and checking follow on their own.

    Args:
        content: the archive as it came, at most ``PACKAGE_BYTES_MAX``.

    Raises:
        NotSignedIn, NotAllowed: the caller is no developer.
        PackageTooLarge, PackageBroken: the archive is refused by the strict reader.
        DepartmentMismatch: the manifest or the app belongs to another department.
        AppIdNotOwned: the app id is not in the department's namespace.
        VersionNotHigher: ``version.code`` is not above every earlier upload of the app.
    """
    call.need_role("developer", "department_admin")
    if len(content) > PACKAGE_BYTES_MAX:
        raise PackageTooLarge(size_bytes_max=PACKAGE_BYTES_MAX)
    try:
        package = await asyncio.to_thread(read, content)
    except PackageError as error:
        raise PackageBroken(finding=str(error.findings[0])[:500]) from None
    release = _release(call, package, clock)
    if call.actor.kind == "member" and call.actor.department_id != release.department_id:
        raise DepartmentMismatch
    if not owns_app_id(release.department_id, release.app_id):
        raise AppIdNotOwned(namespace=namespace_of(release.department_id))
    package_key = f"packages/{release.digest.removeprefix('sha256:')}.ma"
    await blobs.put(package_key, package.archive, content_type="application/zip")
    async with db.unit() as unit:
        if not await rows.claim_version(unit, release):
            owner, highest = await rows.claimed(unit, release.app_id) or (None, 0)
            if owner != release.department_id:
                raise DepartmentMismatch
            raise VersionNotHigher(highest=highest)
        await rows.insert_release(unit, release, package_key)
        await unit.emit(ReleaseUploaded(release_id=release.id, app_id=release.app_id))
    return release


def _release(call: Call, package: Package, clock: Clock) -> Release:
    """Return the release that a package becomes."""
    return Release(
        id=new_id("rel"),
        app_id=package.app_id,
        department_id=DepartmentId(package.department),
        version_code=package.version_code,
        version_name=package.version_name,
        name=dict(package.names),
        state=State.CHECKING,
        digest=package.digest,
        uploaded_by=call.actor.id,
        uploaded_at=clock.now(),
        approved_by=None,
        findings=(),
        artifact=None,
    )
