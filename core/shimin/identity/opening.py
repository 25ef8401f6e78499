"""Open a session inside a unit; private to identity."""

import secrets
from datetime import datetime

from shimin.db import Unit
from shimin.identity import session_rows
from shimin.identity.facts import SessionOpened, SessionRevoked
from shimin.identity.model import Capacity, Session, SessionLimits
from shimin.kit.ids import new_id
from shimin.ports.tokens import Tokens


async def open_session(
    unit: Unit,
    subject_id: str,
    capacity: Capacity,
    *,
    device_name: str,
    device_hash: str,
    now: datetime,
    tokens: Tokens,
    limits: SessionLimits,
) -> tuple[Session, str]:
    """Keep a new session and its first refresh token; return both. Sessions beyond the limit are ended."""
    session = Session(
        id=new_id("ses"),
        subject_id=subject_id,
        capacity=capacity,
        device_name=device_name,
        opened_at=now,
        expires_at=now + min(limits.idle, limits.life),
    )
    is_new_device = not await session_rows.has_used_device(unit, subject_id, device_hash)
    await session_rows.add_session(unit, session, device_hash=device_hash)
    refresh_token = secrets.token_urlsafe(32)
    await session_rows.add_refresh(
        unit, tokens.keyed_hash("refresh", refresh_token), session.id, issued_at=now, expires_at=session.expires_at
    )
    await unit.emit(
        SessionOpened(
            subject_id=subject_id,
            session_id=session.id,
            capacity=capacity,
            device_name=device_name,
            is_new_device=is_new_device,
        )
    )
    others = [found for found in await session_rows.live_sessions(unit, subject_id, now=now) if found != session.id]
    for old in others[limits.live_per_subject_max - 1 :]:
        await end_session(unit, subject_id, old, reason="replaced", now=now)
    return session, refresh_token


async def end_session(unit: Unit, subject_id: str, session_id: str, *, reason: str, now: datetime) -> bool:
    """End a session of a subject and say so; False where it has ended or is not theirs."""
    ended = await session_rows.revoke(unit, subject_id, session_id, reason=reason, now=now)
    if ended:
        await unit.emit(SessionRevoked(subject_id=subject_id, session_id=session_id, reason=reason))
    return ended
