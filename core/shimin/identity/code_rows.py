"""Statements about codes and the limits on guessing them; private to identity. The tables are in ``rows.py``."""

from datetime import datetime, timedelta

from shimin.db import Reader, Row, Unit


async def count_request(unit: Unit, guard_key: str, *, now: datetime, window: timedelta, requests_max: int) -> bool:
    """Count one request for a code; False where the number's requests in the window are used up."""
    row = await unit.fetch_one(
        """
        INSERT INTO identity_phone_guard (guard_key, failures, requests, window_at) VALUES ($1, 0, 1, $2)
        ON CONFLICT (guard_key) DO UPDATE SET
            requests = CASE WHEN identity_phone_guard.window_at <= $3 THEN 1
                            ELSE identity_phone_guard.requests + 1 END,
            window_at = CASE WHEN identity_phone_guard.window_at <= $3 THEN $2
                             ELSE identity_phone_guard.window_at END
        WHERE identity_phone_guard.window_at <= $3 OR identity_phone_guard.requests < $4
        RETURNING requests
        """,
        guard_key,
        now,
        now - window,
        requests_max,
    )
    return row is not None


async def request_window_start(reader: Reader, guard_key: str) -> datetime | None:
    """Return when the number's running window of requests began."""
    found: datetime | None = await reader.fetch_value(
        "SELECT window_at FROM identity_phone_guard WHERE guard_key = $1", guard_key
    )
    return found


async def put_code(unit: Unit, code_key: str, code_hash: str, *, now: datetime, expires_at: datetime) -> None:
    """Keep a code in place of the device's last one; the failures counted for the number stay."""
    await unit.execute(
        """
        INSERT INTO identity_code (code_key, code_hash, asked_at, expires_at, checks, used_at)
        VALUES ($1, $2, $3, $4, 0, NULL)
        ON CONFLICT (code_key) DO UPDATE SET
            code_hash = excluded.code_hash, asked_at = excluded.asked_at, expires_at = excluded.expires_at,
            checks = 0, used_at = NULL
        """,
        code_key,
        code_hash,
        now,
        expires_at,
    )


async def reserve_check(unit: Unit, code_key: str, *, now: datetime, checks_max: int) -> Row | None:
    """Use up one of the live code's checks *before* looking at it; None where there is no live code.

    The guarded update is what holds against parallel tries: whoever comes sixth changes no row.
    """
    return await unit.fetch_one(
        """
        UPDATE identity_code SET checks = checks + 1
        WHERE code_key = $1 AND used_at IS NULL AND expires_at > $2 AND checks < $3
        RETURNING code_hash, checks
        """,
        code_key,
        now,
        checks_max,
    )


async def use_code(unit: Unit, code_key: str, *, now: datetime) -> bool:
    """Spend the code; True for exactly one caller."""
    return (
        await unit.execute(
            "UPDATE identity_code SET used_at = $2 WHERE code_key = $1 AND used_at IS NULL", code_key, now
        )
        == 1
    )


async def count_failure(unit: Unit, guard_key: str, *, failures_max: int) -> bool:
    """Count a check as failed before its outcome is known; False where the number is locked."""
    return (
        await unit.execute(
            "UPDATE identity_phone_guard SET failures = failures + 1 WHERE guard_key = $1 AND failures < $2",
            guard_key,
            failures_max,
        )
        == 1
    )


async def clear_failures(unit: Unit, guard_key: str) -> bool:
    """Forget the number's failures: a right code came, or a service hall unlocked it."""
    return await unit.execute("UPDATE identity_phone_guard SET failures = 0 WHERE guard_key = $1", guard_key) == 1


async def spend_budget(unit: Unit, *, now: datetime) -> None:
    """Count a wrong code in the budget of all numbers."""
    await unit.execute(
        """
        INSERT INTO identity_failure_minute (minute, failures) VALUES ($1, 1)
        ON CONFLICT (minute) DO UPDATE SET failures = identity_failure_minute.failures + 1
        """,
        int(now.timestamp()) // 60,
    )


async def budget_spent(reader: Reader, *, now: datetime) -> int:
    """Return the wrong codes over all numbers in the last 60 minutes."""
    return int(
        await reader.fetch_value(
            "SELECT COALESCE(SUM(failures), 0) FROM identity_failure_minute WHERE minute > $1",
            int(now.timestamp()) // 60 - 60,
        )
    )


async def is_known_device(reader: Reader, phone: str, device_hash: str) -> bool:
    """Tell whether a device signed in to this number's account before."""
    row = await reader.fetch_one(
        """
        SELECT s.id FROM identity_session s
        WHERE s.device_hash = $2 AND s.subject_id IN (
            SELECT citizen_id FROM identity_citizen WHERE phone = $1
            UNION ALL SELECT id FROM identity_staff WHERE phone = $1)
        LIMIT 1
        """,
        phone,
        device_hash,
    )
    return row is not None
