"""Releases of mini-apps: what reviewers and releasers see and decide."""

from datetime import datetime

import strawberry

from shimin import releases as domain
from shimin.kit.refusal import InvalidInput, NotFound
from shimin_graphql.context import Info
from shimin_graphql.types.access import STAFF, object_type, role
from shimin_graphql.types.base import mutation
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import pages, rows


@rows(domain.RELEASES)
@object_type(allow=STAFF, description="One version of a mini-app on its way from upload to citizens.")
class Release(Node):
    """A release as staff see it."""

    app_id: str
    department_id: str
    version_code: int
    version_name: str
    state: str
    digest: str
    uploaded_by: str
    uploaded_at: datetime
    approved_by: str | None
    findings: list[str]

    @classmethod
    def of(cls, release: domain.Release) -> "Release":
        """Show a release of the core."""
        return cls(
            id=strawberry.ID(release.id),
            app_id=release.app_id,
            department_id=release.department_id,
            version_code=release.version_code,
            version_name=release.version_name,
            state=release.state.value,
            digest=release.digest,
            uploaded_by=release.uploaded_by,
            uploaded_at=release.uploaded_at,
            approved_by=release.approved_by,
            findings=list(release.findings),
        )


@strawberry.input
class ReleaseInput:
    """Names a release."""

    release_id: strawberry.ID


@strawberry.input
class ApproveReleaseInput:
    """Names a release and the digest that was reviewed."""

    release_id: strawberry.ID
    digest: str


@strawberry.input
class RejectReleaseInput:
    """Names a release and what is wrong with it."""

    release_id: strawberry.ID
    findings: list[str]


@strawberry.type
class ReleasesQuery:
    """Reading releases."""

    releases = pages(
        Release,
        domain.RELEASES,
        order="newest",
        allow=STAFF,
        description="Releases, the newest first; a department's people see their own department's, at most 100 a page.",
    )


@strawberry.type
class ReleasesMutation:
    """Deciding on releases."""

    @mutation(allow=role("developer", "department_admin"), refuses=[NotFound, domain.InvalidTransition])
    async def submit_release(self, info: Info, input: ReleaseInput) -> Release:  # noqa: A002
        """Ask for review of a release that passed its check."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(await domain.submit(info.context.call, input.release_id, unit=unit, clock=platform.clock))

    @mutation(
        allow=role("reviewer"),
        refuses=[NotFound, domain.InvalidTransition, domain.FourEyes, domain.DigestMismatch],
    )
    async def approve_release(self, info: Info, input: ApproveReleaseInput) -> Release:  # noqa: A002
        """Approve exactly this digest."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(
                await domain.approve(info.context.call, input.release_id, input.digest, unit=unit, clock=platform.clock)
            )

    @mutation(allow=role("reviewer"), refuses=[NotFound, domain.InvalidTransition, InvalidInput])
    async def reject_release(self, info: Info, input: RejectReleaseInput) -> Release:  # noqa: A002
        """Send a release back with what is to be mended."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(
                await domain.reject(
                    info.context.call, input.release_id, input.findings, unit=unit, clock=platform.clock
                )
            )

    @mutation(allow=role("releaser"), refuses=[NotFound, domain.InvalidTransition])
    async def release_to_citizens(self, info: Info, input: ReleaseInput) -> Release:  # noqa: A002
        """Serve an approved release."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(
                await domain.go_live(info.context.call, input.release_id, unit=unit, clock=platform.clock)
            )

    @mutation(allow=role("reviewer", "releaser"), refuses=[NotFound, domain.InvalidTransition])
    async def suspend_release(self, info: Info, input: ReleaseInput) -> Release:  # noqa: A002
        """Stop serving a release at once."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(
                await domain.suspend(info.context.call, input.release_id, unit=unit, clock=platform.clock)
            )

    @mutation(allow=role("releaser"), refuses=[NotFound, domain.InvalidTransition])
    async def lift_suspension(self, info: Info, input: ReleaseInput) -> Release:  # noqa: A002
        """Serve a suspended release again."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Release.of(await domain.lift(info.context.call, input.release_id, unit=unit, clock=platform.clock))
