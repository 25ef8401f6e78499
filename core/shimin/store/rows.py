"""The table of stored values and every statement that touches it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model

from shimin.db import IdField, InstantField, Reader, Unit
from shimin.kit.ids import CitizenId
from shimin.store.model import STORE_BYTES_MAX, VALUES_MAX


class StoredValueRow(Model):
    """One value that a mini-app keeps for one citizen.

    ``row_key`` is ``<citizen_id>:<app_id>:<name>``: the primary key leads with the distribution key, which the ORM can
    only say in one column.
    """

    row_key = IdField(primary_key=True)
    citizen_id = IdField()
    app_id = IdField()
    name = IdField()
    content = fields.TextField()
    size_bytes = fields.IntField()
    version = fields.BigIntField()
    changed_at = InstantField()

    class Meta:
        """Distributed by citizen."""

        app = "shimin"
        table = "stored_value"
        indexes = (("citizen_id", "app_id"),)


_NEW = (
    "INSERT INTO stored_value (row_key, citizen_id, app_id, name, content, size_bytes, changed_at, version)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_PUT = (
    f"{_NEW} ON CONFLICT (row_key) DO UPDATE SET content = excluded.content, size_bytes = excluded.size_bytes,"
    " version = stored_value.version + 1, changed_at = excluded.changed_at RETURNING version"
)
_ADD = f"{_NEW} ON CONFLICT (row_key) DO NOTHING RETURNING version"
_REPLACE = (
    "UPDATE stored_value SET content = $2, size_bytes = $3, version = version + 1, changed_at = $4"
    " WHERE row_key = $1 AND version = $5 RETURNING version"
)


def _row_key(citizen_id: CitizenId, app_id: str, key: str) -> str:
    return f"{citizen_id}:{app_id}:{key}"


async def find(reader: Reader, citizen_id: CitizenId, app_id: str, key: str) -> Mapping[str, Any] | None:
    """Return a value's row."""
    return await reader.fetch_one(
        "SELECT content, version FROM stored_value WHERE row_key = $1", _row_key(citizen_id, app_id, key)
    )


async def keys(reader: Reader, citizen_id: CitizenId, app_id: str) -> list[str]:
    """Return every key of one citizen in one mini-app; there are ``VALUES_MAX`` at most."""
    found = await reader.fetch(
        "SELECT name FROM stored_value WHERE citizen_id = $1 AND app_id = $2 ORDER BY name LIMIT $3",
        *(citizen_id, app_id, VALUES_MAX),
    )
    return [row["name"] for row in found]


async def has_room(reader: Reader, citizen_id: CitizenId, app_id: str, key: str, size_bytes: int) -> bool:
    """Tell whether a value fits beside the others; values that are written at the same time may go over together."""
    others = await reader.fetch_one(
        "SELECT count(*) AS number, coalesce(sum(size_bytes), 0) AS size_bytes FROM stored_value"
        " WHERE citizen_id = $1 AND app_id = $2 AND name <> $3",
        *(citizen_id, app_id, key),
    )
    return others is None or (
        others["number"] < VALUES_MAX and int(others["size_bytes"]) + size_bytes <= STORE_BYTES_MAX
    )


async def put(
    unit: Unit, citizen_id: CitizenId, app_id: str, key: str, content: str, version: int | None, now: datetime
) -> int | None:
    """Write a value where its version is the expected one; return the new version.

    A new value begins with the time in milliseconds, so that one that was deleted and came back is never taken for
    what it was.
    """
    row_key, size_bytes = _row_key(citizen_id, app_id, key), len(content.encode())
    if version:
        replaced: int | None = await unit.fetch_value(_REPLACE, row_key, content, size_bytes, now, version)
        return replaced
    first = int(now.timestamp() * 1000)
    written: int | None = await unit.fetch_value(
        _PUT if version is None else _ADD, row_key, citizen_id, app_id, key, content, size_bytes, now, first
    )
    return written


async def delete(unit: Unit, citizen_id: CitizenId, app_id: str, key: str) -> None:
    """Forget a value."""
    await unit.execute("DELETE FROM stored_value WHERE row_key = $1", _row_key(citizen_id, app_id, key))


async def delete_all(unit: Unit, citizen_id: CitizenId, app_id: str) -> int:
    """Forget every value of one citizen in one mini-app; return how many there were."""
    return await unit.execute("DELETE FROM stored_value WHERE citizen_id = $1 AND app_id = $2", citizen_id, app_id)
