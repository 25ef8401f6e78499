"""Identity's tables, and the statements about citizens and staff; codes and sessions have files beside this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from tortoise import fields
from tortoise.models import Model

from shimin.db import DocumentField, IdField, InstantField, Reader, Row, Unit
from shimin.identity.model import StaffMember
from shimin.identity.session_rows import touch_sessions
from shimin.kit.ids import DepartmentId


class CitizenRow(Model):
    """A registered citizen; masked texts are stored so that no reader needs the plain ones."""

    citizen_id = IdField(primary_key=True)
    phone = IdField(unique=True)
    phone_masked = IdField()
    name_masked = IdField(null=True)
    assurance = fields.SmallIntField()
    registered_at = InstantField()
    confirm_tries = fields.SmallIntField(default=0)
    confirm_window_at = InstantField(null=True)

    class Meta:
        """Where it is kept."""

        table = "identity_citizen"
        app = "shimin"


class PersonRow(Model):
    """The natural person a citizen was confirmed to be."""

    citizen_id = IdField(primary_key=True)
    name = IdField()
    id_number = IdField(unique=True)
    confirmed_at = InstantField()

    class Meta:
        """Where it is kept."""

        table = "identity_person"
        app = "shimin"


class StaffRow(Model):
    """A member of a department or an operator of the platform."""

    id = IdField(primary_key=True)
    phone = IdField(unique=True)
    phone_masked = IdField()
    name = IdField()
    kind = IdField()
    department_id = IdField(null=True)
    roles = DocumentField()
    appointed_by = IdField()
    appointed_at = InstantField()
    dismissed_at = InstantField(null=True)

    class Meta:
        """Where it is kept."""

        table = "identity_staff"
        app = "shimin"


class CodeRow(Model):
    """The last code for one number and one device; both, and the code, only as keyed hashes."""

    code_key = IdField(primary_key=True)
    code_hash = IdField()
    asked_at = InstantField()
    expires_at = InstantField(db_index=True)
    checks = fields.SmallIntField()
    used_at = InstantField(null=True)

    class Meta:
        """Where it is kept."""

        table = "identity_code"
        app = "shimin"


class PhoneGuardRow(Model):
    """What limits guessing at one number, registered or not; the number only as keyed hash."""

    guard_key = IdField(primary_key=True)
    failures = fields.IntField()
    requests = fields.IntField()
    window_at = InstantField()

    class Meta:
        """Where it is kept."""

        table = "identity_phone_guard"
        app = "shimin"


class FailureMinuteRow(Model):
    """Wrong codes over all numbers in one minute since 1970."""

    minute = fields.BigIntField(primary_key=True, generated=False)
    failures = fields.IntField()

    class Meta:
        """Where it is kept."""

        table = "identity_failure_minute"
        app = "shimin"


class SessionRow(Model):
    """One signed-in device of a citizen or member of staff."""

    id = IdField(primary_key=True)
    subject_id = IdField()
    capacity = IdField()
    device_name = IdField()
    device_hash = IdField()
    opened_at = InstantField()
    last_used_at = InstantField()
    expires_at = InstantField()
    revoked_at = InstantField(null=True)
    revoke_reason = IdField(null=True)
    changed_at = InstantField(null=True, db_index=True)
    """Set when it ends or its subject's authority changes: what processes without Redis poll for."""

    class Meta:
        """Where it is kept."""

        table = "identity_session"
        app = "shimin"
        indexes = (("subject_id", "id"),)


class RefreshRow(Model):
    """A refresh token that was handed out, as keyed hash; rotated ones stay so that their reuse is seen."""

    token_hash = IdField(primary_key=True)
    session_id = IdField(db_index=True)
    issued_at = InstantField()
    expires_at = InstantField(db_index=True)
    rotated_at = InstantField(null=True)

    class Meta:
        """Where it is kept."""

        table = "identity_refresh"
        app = "shimin"


# ---- citizens and staff --------------------------------------------------------------------------------------------


async def add_citizen(unit: Unit, citizen_id: str, phone: str, phone_masked: str, *, now: datetime) -> bool:
    """Register a number; False where it is registered."""
    row = await unit.fetch_one(
        """
        INSERT INTO identity_citizen (citizen_id, phone, phone_masked, assurance, registered_at, confirm_tries)
        VALUES ($1, $2, $3, 1, $4, 0) ON CONFLICT (phone) DO NOTHING RETURNING citizen_id
        """,
        citizen_id,
        phone,
        phone_masked,
        now,
    )
    return row is not None


async def find_citizen(reader: Reader, phone: str) -> str | None:
    """Return the citizen registered with a number."""
    found: str | None = await reader.fetch_value("SELECT citizen_id FROM identity_citizen WHERE phone = $1", phone)
    return found


async def find_person_row(reader: Reader, citizen_id: str) -> Row | None:
    """Return the person behind a citizen."""
    return await reader.fetch_one("SELECT name, id_number FROM identity_person WHERE citizen_id = $1", citizen_id)


async def reserve_confirmation(
    unit: Unit, citizen_id: str, *, now: datetime, window: timedelta, tries_max: int
) -> int | None:
    """Use up one of the day's tries to confirm a name; return how many are used, None where none is left."""
    used: int | None = await unit.fetch_value(
        """
        UPDATE identity_citizen SET
            confirm_tries = CASE WHEN confirm_window_at IS NULL OR confirm_window_at <= $2 THEN 1
                                 ELSE confirm_tries + 1 END,
            confirm_window_at = CASE WHEN confirm_window_at IS NULL OR confirm_window_at <= $2 THEN $3
                                     ELSE confirm_window_at END
        WHERE citizen_id = $1 AND (confirm_window_at IS NULL OR confirm_window_at <= $2 OR confirm_tries < $4)
        RETURNING confirm_tries
        """,
        citizen_id,
        now - window,
        now,
        tries_max,
    )
    return used


async def return_confirmation(unit: Unit, citizen_id: str) -> None:
    """Give back a try that came to nothing because the register did not answer."""
    await unit.execute(
        "UPDATE identity_citizen SET confirm_tries = confirm_tries - 1 WHERE citizen_id = $1 AND confirm_tries > 0",
        citizen_id,
    )


async def confirmation_window_start(reader: Reader, citizen_id: str) -> datetime | None:
    """Return when the running day of tries began."""
    found: datetime | None = await reader.fetch_value(
        "SELECT confirm_window_at FROM identity_citizen WHERE citizen_id = $1", citizen_id
    )
    return found


async def add_person(
    unit: Unit, citizen_id: str, name: str, id_number: str, *, name_masked: str, now: datetime
) -> bool:
    """Bind a person to a citizen and raise the citizen to level 2; False where either is bound already."""
    row = await unit.fetch_one(
        """
        INSERT INTO identity_person (citizen_id, name, id_number, confirmed_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING citizen_id
        """,
        citizen_id,
        name,
        id_number,
        now,
    )
    if row is None:
        return False
    await unit.execute(
        "UPDATE identity_citizen SET name_masked = $2, assurance = 2 WHERE citizen_id = $1 AND assurance < 2",
        citizen_id,
        name_masked,
    )
    await touch_sessions(unit, citizen_id, now=now)
    return True


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What an appointment writes."""

    staff_id: str
    phone: str
    phone_masked: str
    name: str
    kind: str
    department_id: str | None
    roles: Sequence[str]
    appointed_by: str


async def put_staff(unit: Unit, entry: StaffEntry, *, now: datetime) -> str:
    """Appoint the holder of a number, or change their office; return their id."""
    staff_id: str = await unit.fetch_value(
        """
        INSERT INTO identity_staff
            (id, phone, phone_masked, name, kind, department_id, roles, appointed_by, appointed_at, dismissed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)
        ON CONFLICT (phone) DO UPDATE SET
            name = excluded.name, kind = excluded.kind, department_id = excluded.department_id,
            roles = excluded.roles, appointed_by = excluded.appointed_by, appointed_at = excluded.appointed_at,
            dismissed_at = NULL
        RETURNING id
        """,
        entry.staff_id,
        entry.phone,
        entry.phone_masked,
        entry.name,
        entry.kind,
        entry.department_id,
        orjson.dumps(sorted(entry.roles)).decode(),
        entry.appointed_by,
        now,
    )
    await touch_sessions(unit, staff_id, now=now)
    return staff_id


async def find_staff(reader: Reader, *, phone: str | None = None, staff_id: str | None = None) -> Row | None:
    """Return a member of staff, dismissed ones too, by number or by id."""
    row = await reader.fetch_one(
        """
        SELECT id, phone, name, kind, department_id, roles, dismissed_at FROM identity_staff
        WHERE phone = $1 OR id = $2
        """,
        phone or "",
        staff_id or "",
    )
    return {**row, "roles": orjson.loads(row["roles"])} if row else None


async def dismiss_staff(unit: Unit, staff_id: str, *, now: datetime) -> bool:
    """End an office; False where it has ended."""
    return (
        await unit.execute(
            "UPDATE identity_staff SET dismissed_at = $2 WHERE id = $1 AND dismissed_at IS NULL", staff_id, now
        )
        == 1
    )


async def all_staff(reader: Reader) -> list[StaffMember]:
    """Return everybody who holds or held an office."""
    found = await StaffRow.all().order_by("-kind", "department_id", "name", "id").using_db(reader.orm)
    return [
        StaffMember(
            staff_id=row.id,
            name=row.name,
            phone=row.phone_masked,
            kind="operator" if row.kind == "operator" else "member",
            department_id=DepartmentId(row.department_id) if row.department_id else None,
            roles=tuple(row.roles),
            appointed_at=row.appointed_at,
            dismissed_at=row.dismissed_at,
        )
        for row in found
    ]
