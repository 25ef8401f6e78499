"""Tables of connectors and every statement that writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from shimin.connectors.model import CallRecord, Connector, DeclaredConnector, connector_id
from shimin.db import IdField, InstantField, Reader, Unit
from shimin.kit.ids import DepartmentId, new_id

LISTED_MAX = 1_000
PRUNED_MAX = 5_000


class ConnectorRow(Model):
    """A mini-app's connector to one origin, with the sealed secret that belongs to this origin alone."""

    id = IdField(primary_key=True)
    app_id = IdField(db_index=True)
    department_id = IdField()
    name = IdField()
    origin = fields.TextField()
    declared_at = InstantField()
    header = IdField(null=True)
    sealed = fields.TextField(null=True)
    secret_version = fields.IntField()
    set_by = IdField(null=True)
    set_at = InstantField(null=True)

    class Meta:
        """The id is made of app, name and origin."""

        table = "connector"
        app = "shimin"


class ReleaseConnectorRow(Model):
    """Which connector a release means by a name; written once, as the approved package says."""

    id = IdField(primary_key=True)
    release_id = IdField()
    name = IdField()
    connector_id = IdField()

    class Meta:
        """A name is one connector."""

        table = "release_connector"
        app = "shimin"
        unique_together = (("release_id", "name"),)


class ConnectorCallRow(Model):
    """One request through a connector, for review; grows by one row a request and is pruned by age."""

    id = IdField(primary_key=True)
    at = InstantField()
    app_id = IdField()
    release_id = IdField()
    department_id = IdField()
    connector = IdField()
    method = fields.CharField(max_length=8)
    path_template = fields.TextField()
    outcome = IdField()
    status = fields.IntField(null=True)
    request_bytes = fields.IntField()
    answer_bytes = fields.IntField()
    duration_ms = fields.IntField()
    trace_id = IdField()

    class Meta:
        """Ids rise with time."""

        table = "connector_call"
        app = "shimin"
        indexes = (("at",),)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a release's connector leads, and the secret as it is kept."""

    connector_id: str
    department_id: DepartmentId
    origin: str
    header: str | None
    sealed: str | None = field(repr=False)


async def insert_declared(
    unit: Unit, *, release_id: str, app_id: str, department_id: str, declared: DeclaredConnector, at: datetime
) -> None:
    """Write a release's connector; one that an earlier release declared keeps its secret."""
    own = connector_id(app_id, declared.name, declared.origin)
    await unit.execute(
        "INSERT INTO connector (id, app_id, department_id, name, origin, declared_at, secret_version)"
        " VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (id) DO NOTHING",
        *(own, app_id, department_id, declared.name, declared.origin, at),
    )
    await unit.execute(
        "INSERT INTO release_connector (id, release_id, name, connector_id) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (id) DO NOTHING",
        *(f"{release_id}:{declared.name}", release_id, declared.name, own),
    )


async def find_way(reader: Reader, *, release_id: str, name: str) -> Way | None:
    """Return where a release's connector leads."""
    row = await reader.fetch_one(
        "SELECT c.id, c.department_id, c.origin, c.header, c.sealed FROM release_connector r"
        " JOIN connector c ON c.id = r.connector_id WHERE r.release_id = $1 AND r.name = $2",
        *(release_id, name),
    )
    return Way(row["id"], row["department_id"], row["origin"], row["header"], row["sealed"]) if row else None


async def find(reader: Reader, own: str) -> Connector | None:
    """Return a connector without its secret."""
    row = await ConnectorRow.get_or_none(id=own, using_db=reader.orm)
    return _connector(row) if row else None


async def all_connectors(reader: Reader) -> list[Connector]:
    """Return every connector, by app and name (at most ``LISTED_MAX``)."""
    rows = await ConnectorRow.all().using_db(reader.orm).order_by("app_id", "name", "id").limit(LISTED_MAX)
    return [_connector(row) for row in rows]


async def set_sealed(unit: Unit, own: str, *, header: str, sealed: str, by: str, at: datetime) -> int | None:
    """Keep a secret in place of the one before; return how many there have been, None for no such connector."""
    version = await unit.fetch_value(
        "UPDATE connector SET header = $1, sealed = $2, secret_version = secret_version + 1, set_by = $3, set_at = $4"
        " WHERE id = $5 RETURNING secret_version",
        *(header, sealed, by, at, own),
    )
    return None if version is None else int(version)


async def clear_sealed(unit: Unit, own: str) -> bool:
    """Forget a secret; False where there is none."""
    return bool(
        await unit.execute(
            "UPDATE connector SET header = NULL, sealed = NULL, set_by = NULL, set_at = NULL"
            " WHERE id = $1 AND sealed IS NOT NULL",
            own,
        )
    )


async def sealed_texts(reader: Reader) -> dict[str, str]:
    """Return every sealed secret by connector."""
    found = await reader.fetch("SELECT id, sealed FROM connector WHERE sealed IS NOT NULL ORDER BY id")
    return {str(row["id"]): str(row["sealed"]) for row in found}


async def replace_sealed(unit: Unit, own: str, *, before: str, after: str) -> bool:
    """Keep the same secret under another seal, if it is still the same; tell whether it was."""
    return bool(
        await unit.execute("UPDATE connector SET sealed = $1 WHERE id = $2 AND sealed = $3", after, own, before)
    )


async def insert_calls(
    unit: Unit, records: Sequence[CallRecord], *, app_id: str, release_id: str, department_id: str, trace_id: str
) -> None:
    """Write what is kept of a guest call's requests, all in one statement."""
    await ConnectorCallRow.bulk_create(
        [
            ConnectorCallRow(
                id=new_id("ccl"),
                at=record.at,
                app_id=app_id,
                release_id=release_id,
                department_id=department_id,
                connector=record.connector,
                method=record.method,
                path_template=record.path_template,
                outcome=record.outcome,
                status=record.status,
                request_bytes=record.request_bytes,
                answer_bytes=record.answer_bytes,
                duration_ms=record.duration_ms,
                trace_id=trace_id,
            )
            for record in records
        ],
        using_db=unit.orm,
    )


async def delete_calls(unit: Unit, before: datetime) -> int:
    """Forget requests that are older; at most ``PRUNED_MAX`` at a time."""
    return await unit.execute(
        "DELETE FROM connector_call WHERE id IN (SELECT id FROM connector_call WHERE at < $1 ORDER BY at LIMIT $2)",
        *(before, PRUNED_MAX),
    )


def _connector(row: ConnectorRow) -> Connector:
    return Connector(
        id=row.id,
        app_id=row.app_id,
        department_id=DepartmentId(row.department_id),
        name=row.name,
        origin=row.origin,
        declared_at=row.declared_at,
        header=row.header,
        secret_version=row.secret_version,
        set_by=row.set_by,
        set_at=row.set_at,
    )
