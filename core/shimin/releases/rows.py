"""Tables of releases and every statement that writes them."""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model

from shimin.db import DocumentField, IdField, InstantField, Reader, Unit
from shimin.kit.document import DocumentScopes, PersonalField
from shimin.kit.ids import DepartmentId
from shimin.releases.model import Artifact, Release, ReleaseDocument, State


class ReleaseRow(Model):
    """One uploaded version of a mini-app."""

    id = IdField(primary_key=True)
    app_id = IdField()
    department_id = IdField()
    version_code = fields.IntField()
    version_name = fields.TextField()
    name = DocumentField()
    state = IdField()
    digest = IdField()
    package_key = fields.TextField()
    uploaded_by = IdField()
    uploaded_at = InstantField()
    approved_by = IdField(null=True)
    approved_digest = IdField(null=True)
    findings = DocumentField()
    artifact = DocumentField(null=True)
    moved_at = InstantField()

    class Meta:
        """Versions of an app never repeat, tombstones included."""

        table = "release"
        app = "shimin"
        unique_together = (("app_id", "version_code"),)


class MiniAppRow(Model):
    """Whose a mini-app's id is and how far its versions have come: one row, taken by each upload in turn."""

    app_id = IdField(primary_key=True)
    department_id = IdField()
    version_code_highest = fields.IntField()

    class Meta:
        """One per app."""

        table = "mini_app"
        app = "shimin"


class ReleaseDocumentRow(Model):
    """One GraphQL document of a release with what it reads."""

    id = IdField(primary_key=True)
    release_id = IdField(db_index=True)
    path = fields.TextField()
    document_id = IdField()
    text = fields.TextField()
    purpose = DocumentField()
    retention = fields.TextField()
    scopes = DocumentField()

    class Meta:
        """A path is one document."""

        table = "release_document"
        app = "shimin"
        unique_together = (("release_id", "path"),)


class LiveReleaseRow(Model):
    """Which release of an app citizens get: at most one row per app, so two can never be live."""

    app_id = IdField(primary_key=True)
    release_id = IdField()
    since = InstantField()

    class Meta:
        """One per app."""

        table = "live_release"
        app = "shimin"


async def insert_release(unit: Unit, release: Release, package_key: str) -> None:
    """Write a newly uploaded release."""
    await ReleaseRow.create(
        using_db=unit.orm,
        id=release.id,
        app_id=release.app_id,
        department_id=release.department_id,
        version_code=release.version_code,
        version_name=release.version_name,
        name=release.name,
        state=release.state.value,
        digest=release.digest,
        package_key=package_key,
        uploaded_by=release.uploaded_by,
        uploaded_at=release.uploaded_at,
        findings=[],
        moved_at=release.uploaded_at,
    )


async def move(unit: Unit, release_id: str, start: State, target: State, at: datetime) -> bool:
    """Change the state only if it still is ``start``; tell whether it was."""
    return bool(
        await unit.execute(
            "UPDATE release SET state = $1, moved_at = $2 WHERE id = $3 AND state = $4",
            target.value,
            at,
            release_id,
            start.value,
        )
    )


async def set_findings(unit: Unit, release_id: str, findings: list[str]) -> None:
    """Keep why a check failed or a reviewer said no."""
    await ReleaseRow.filter(id=release_id).using_db(unit.orm).update(findings=findings)


async def set_artifact(unit: Unit, release_id: str, artifact: Artifact) -> None:
    """Keep what was built."""
    await ReleaseRow.filter(id=release_id).using_db(unit.orm).update(artifact=_artifact_json(artifact))


async def set_approval(unit: Unit, release_id: str, approver: str, digest: str) -> None:
    """Keep who approved which digest."""
    await ReleaseRow.filter(id=release_id).using_db(unit.orm).update(approved_by=approver, approved_digest=digest)


async def replace_documents(unit: Unit, release_id: str, documents: list[ReleaseDocument]) -> None:
    """Keep a release's documents; a check that runs again writes the same."""
    await ReleaseDocumentRow.filter(release_id=release_id).using_db(unit.orm).delete()
    for document in documents:
        await ReleaseDocumentRow.create(
            using_db=unit.orm,
            id=f"{release_id}:{document.path}",
            release_id=release_id,
            path=document.path,
            document_id=document.scopes.document_id,
            text=document.text,
            purpose=document.purpose,
            retention=document.retention,
            scopes={
                "name": document.scopes.name,
                "kind": document.scopes.kind,
                "fields": [[item.scope, item.path] for item in document.scopes.fields],
            },
        )


async def set_live(unit: Unit, app_id: str, release_id: str, at: datetime) -> str | None:
    """Serve a release from now on; return the one it takes the place of."""
    before = await unit.fetch_value(  # takes the row first: who comes at the same time waits and then sees this one
        "INSERT INTO live_release (app_id, release_id, since) VALUES ($1, $2, $3) "
        "ON CONFLICT (app_id) DO UPDATE SET app_id = excluded.app_id RETURNING release_id",
        app_id,
        release_id,
        at,
    )
    if before == release_id:
        return None
    await unit.execute("UPDATE live_release SET release_id = $1, since = $2 WHERE app_id = $3", release_id, at, app_id)
    return str(before)


async def unset_live(unit: Unit, app_id: str, release_id: str) -> None:
    """Stop serving a release."""
    await unit.execute("DELETE FROM live_release WHERE app_id = $1 AND release_id = $2", app_id, release_id)


async def claim_version(unit: Unit, release: Release) -> bool:
    """Take the next version of an app for its department, and a new app's id with it; tell whether it was free."""
    return bool(
        await unit.execute(
            "INSERT INTO mini_app (app_id, department_id, version_code_highest) VALUES ($1, $2, $3)"
            " ON CONFLICT (app_id) DO UPDATE SET version_code_highest = excluded.version_code_highest"
            " WHERE mini_app.department_id = excluded.department_id"
            " AND mini_app.version_code_highest < excluded.version_code_highest",
            release.app_id,
            release.department_id,
            release.version_code,
        )
    )


async def claimed(reader: Reader, app_id: str) -> tuple[str, int] | None:
    """Return whose an app is and its highest ``version.code`` ever uploaded; None for a new id."""
    row = await reader.fetch_one("SELECT department_id, version_code_highest FROM mini_app WHERE app_id = $1", app_id)
    return (str(row["department_id"]), int(row["version_code_highest"])) if row else None


async def find(reader: Reader, release_id: str) -> tuple[Release, str] | None:
    """Return a release and the key of its package."""
    row = await ReleaseRow.get_or_none(id=release_id, using_db=reader.orm)
    return (_release(row), row.package_key) if row else None


async def find_live(reader: Reader, app_id: str) -> Release | None:
    """Return the release that citizens get."""
    release_id = await reader.fetch_value("SELECT release_id FROM live_release WHERE app_id = $1", app_id)
    found = await find(reader, release_id) if release_id else None
    return found[0] if found else None


async def all_live(reader: Reader) -> list[Release]:
    """Return every release that citizens get, by app (at most 100)."""
    live = await reader.fetch("SELECT release_id FROM live_release ORDER BY app_id LIMIT 100")
    rows = await ReleaseRow.filter(id__in=[row["release_id"] for row in live]).using_db(reader.orm).order_by("app_id")
    return [_release(row) for row in rows]


async def all_releases(reader: Reader) -> list[Release]:
    """Return every release, newest first (at most 200)."""
    rows = await ReleaseRow.all().using_db(reader.orm).order_by("-id").limit(200)
    return [_release(row) for row in rows]


async def documents_of(reader: Reader, release_id: str) -> list[ReleaseDocument]:
    """Return a release's documents by path."""
    rows = await ReleaseDocumentRow.filter(release_id=release_id).using_db(reader.orm).order_by("path")
    return [
        ReleaseDocument(
            path=row.path,
            text=row.text,
            purpose=row.purpose,
            retention=row.retention,
            scopes=DocumentScopes(
                document_id=row.document_id,
                name=row.scopes["name"],
                kind=row.scopes["kind"],
                fields=tuple(PersonalField(scope, path) for scope, path in row.scopes["fields"]),
            ),
        )
        for row in rows
    ]


def _release(row: ReleaseRow) -> Release:
    return Release(
        id=row.id,
        app_id=row.app_id,
        department_id=DepartmentId(row.department_id),
        version_code=row.version_code,
        version_name=row.version_name,
        name=row.name,
        state=State(row.state),
        digest=row.digest,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        approved_by=row.approved_by,
        findings=tuple(row.findings),
        artifact=Artifact(**row.artifact) if row.artifact else None,
    )


def _artifact_json(artifact: Artifact) -> dict[str, Any]:
    return {name: getattr(artifact, name) for name in Artifact.__slots__}


async def waiting_for_check(reader: Reader) -> list[str]:
    """Return the releases that wait to be checked, the oldest first (at most 10)."""
    found = await reader.fetch("SELECT id FROM release WHERE state = $1 ORDER BY id LIMIT 10", State.CHECKING.value)
    return [str(row["id"]) for row in found]
