"""Statements about sessions and refresh tokens; private to identity. The tables are in ``rows.py``."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from shimin.db import Reader, Row, Unit
from shimin.identity.model import Session


async def add_session(unit: Unit, session: Session, *, device_hash: str) -> None:
    """Keep a new session."""
    await unit.execute(
        """
        INSERT INTO identity_session
            (id, subject_id, capacity, device_name, device_hash, opened_at, last_used_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
        """,
        session.id,
        session.subject_id,
        session.capacity,
        session.device_name,
        device_hash,
        session.opened_at,
        session.expires_at,
    )


async def find_session(reader: Reader, session_id: str) -> Row | None:
    """Return a session, ended ones too."""
    return await reader.fetch_one(
        """
        SELECT id, subject_id, capacity, device_name, device_hash, opened_at, expires_at, revoked_at
        FROM identity_session WHERE id = $1
        """,
        session_id,
    )


async def has_used_device(reader: Reader, subject_id: str, device_hash: str) -> bool:
    """Tell whether the subject ever signed in on a device."""
    row = await reader.fetch_one(
        "SELECT id FROM identity_session WHERE subject_id = $1 AND device_hash = $2 LIMIT 1", subject_id, device_hash
    )
    return row is not None


async def find_authority(reader: Reader, session_id: str) -> Row | None:
    """Return a session together with what its subject may do at this moment."""
    row = await reader.fetch_one(
        """
        SELECT s.id, s.subject_id, s.capacity, s.device_name, s.revoked_at, s.expires_at,
               c.assurance, t.kind, t.department_id, t.roles, t.dismissed_at
        FROM identity_session s
        LEFT JOIN identity_citizen c ON c.citizen_id = s.subject_id
        LEFT JOIN identity_staff t ON t.id = s.subject_id
        WHERE s.id = $1
        """,
        session_id,
    )
    if row is None:
        return None
    return {**row, "roles": frozenset(orjson.loads(row["roles"])) if row["roles"] else frozenset()}


async def revoke(unit: Unit, subject_id: str, session_id: str, *, reason: str, now: datetime) -> bool:
    """End one session of a subject; False where it has ended or is not theirs."""
    return (
        await unit.execute(
            """
            UPDATE identity_session SET revoked_at = $3, changed_at = $3, revoke_reason = $4
            WHERE id = $1 AND subject_id = $2 AND revoked_at IS NULL
            """,
            session_id,
            subject_id,
            now,
            reason,
        )
        == 1
    )


async def live_sessions(reader: Reader, subject_id: str, *, now: datetime) -> list[str]:
    """Return the ids of a subject's live sessions, the last used first."""
    rows = await reader.fetch(
        """
        SELECT id FROM identity_session WHERE subject_id = $1 AND revoked_at IS NULL AND expires_at > $2
        ORDER BY last_used_at DESC, id DESC
        """,
        subject_id,
        now,
    )
    return [row["id"] for row in rows]


async def touch_sessions(unit: Unit, subject_id: str, *, now: datetime) -> None:
    """Have every process look again at what a subject may do."""
    await unit.execute(
        "UPDATE identity_session SET changed_at = $2 WHERE subject_id = $1 AND revoked_at IS NULL", subject_id, now
    )


async def changed_sessions(reader: Reader, *, since: datetime) -> Sequence[str]:
    """Return the sessions that ended or whose subject's authority changed since a moment."""
    rows = await reader.fetch("SELECT id FROM identity_session WHERE changed_at >= $1", since)
    return [row["id"] for row in rows]


async def add_refresh(
    unit: Unit, token_hash: str, session_id: str, *, issued_at: datetime, expires_at: datetime
) -> None:
    """Keep a refresh token that is handed out."""
    await unit.execute(
        "INSERT INTO identity_refresh (token_hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
        token_hash,
        session_id,
        issued_at,
        expires_at,
    )


async def find_refresh(reader: Reader, token_hash: str) -> Row | None:
    """Return a refresh token, rotated ones too."""
    return await reader.fetch_one(
        "SELECT session_id, issued_at, expires_at, rotated_at FROM identity_refresh WHERE token_hash = $1", token_hash
    )


async def rotate_refresh(unit: Unit, token_hash: str, *, now: datetime) -> bool:
    """Spend a live refresh token; True for exactly one caller."""
    return (
        await unit.execute(
            """
            UPDATE identity_refresh SET rotated_at = $2
            WHERE token_hash = $1 AND rotated_at IS NULL AND expires_at > $2
            """,
            token_hash,
            now,
        )
        == 1
    )


async def note_use(unit: Unit, session_id: str, *, now: datetime, expires_at: datetime) -> None:
    """Note that a session was used, and until when it now lasts."""
    await unit.execute(
        "UPDATE identity_session SET last_used_at = $2, expires_at = $3 WHERE id = $1", session_id, now, expires_at
    )


async def prune(unit: Unit, *, now: datetime, revoked_before: datetime) -> int:
    """Delete codes, refresh tokens and sessions past their time, and sessions that were revoked long ago."""
    minute = int(now.timestamp()) // 60 - 24 * 60
    return (
        await unit.execute("DELETE FROM identity_code WHERE expires_at < $1", now)
        + await unit.execute("DELETE FROM identity_refresh WHERE expires_at < $1", now)
        + await unit.execute("DELETE FROM identity_failure_minute WHERE minute < $1", minute)
        + await unit.execute(
            """
            DELETE FROM identity_session
            WHERE (revoked_at IS NULL AND expires_at < $1) OR revoked_at < $2
            """,
            now,
            revoked_before,
        )
    )
