"""Continue a session with its refresh token."""

import hmac
from datetime import datetime

from shimin.db import Database, Row, Unit
from shimin.identity import session_rows
from shimin.identity.errors import RefreshTokenInvalid
from shimin.identity.model import SESSION_LIMITS, RefreshSession, Session, SessionLimits, SignedIn, check_nonce
from shimin.identity.opening import end_session
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.ports.tokens import Tokens

REFRESH_TOKEN_LENGTH_MAX = 128


async def refresh(
    call: Call,  # noqa: ARG001 - every verb is told who asks; here the token says it
    wish: RefreshSession,
    *,
    db: Database,
    tokens: Tokens,
    clock: Clock,
    limits: SessionLimits = SESSION_LIMITS,
) -> SignedIn:
    """Give the session's device the next access token and the next refresh token.

    The next refresh token is derived from the presented one with the platform's key, so a device that lost the
    answer and repeats within the grace time gets exactly the same one, and nothing readable is stored. Any other
    second use, and any use by another device, ends the session: one of the two holders is a thief.

    Raises:
        RefreshTokenInvalid: unknown, expired, its session over, or used before.

    Source: RFC 9700 section 4.14.2 (refresh token rotation); FAPI 2.0 Security Profile section 5.3.2.1 (a client
        that did not receive the answer is not locked out).
    """
    if not 0 < len(wish.refresh_token) <= REFRESH_TOKEN_LENGTH_MAX:
        raise RefreshTokenInvalid
    device_hash = tokens.keyed_hash("device", check_nonce(wish.nonce))
    now = clock.now()
    next_token = tokens.keyed_hash("refresh-next", wish.refresh_token)
    async with db.unit() as unit:
        row = await _rotate(unit, wish.refresh_token, next_token, device_hash, now=now, tokens=tokens, limits=limits)
    if row is None:
        raise RefreshTokenInvalid
    session = Session(
        id=row["id"],
        subject_id=row["subject_id"],
        capacity=row["capacity"],
        device_name=row["device_name"],
        opened_at=row["opened_at"],
        expires_at=row["expires_at"],
    )
    access = tokens.issue(subject=session.subject_id, session_id=session.id)
    return SignedIn(
        session=session, access_token=access.text, access_expires_at=access.expires_at, refresh_token=next_token
    )


async def _rotate(
    unit: Unit,
    token: str,
    next_token: str,
    device_hash: str,
    *,
    now: datetime,
    tokens: Tokens,
    limits: SessionLimits,
) -> Row | None:
    """Return the session the token continues; None where it does not, the session being ended if it was misused."""
    token_hash = tokens.keyed_hash("refresh", token)
    next_hash = tokens.keyed_hash("refresh", next_token)
    spent = await session_rows.rotate_refresh(unit, token_hash, now=now)
    refresh_row = await session_rows.find_refresh(unit, token_hash)
    if refresh_row is None:
        return None
    session = await session_rows.find_session(unit, refresh_row["session_id"])
    if session is None or session["revoked_at"] is not None or session["expires_at"] <= now:
        return None
    same_device = hmac.compare_digest(session["device_hash"], device_hash)
    if spent and same_device:
        expires_at = min(now + limits.idle, session["opened_at"] + limits.life)
        await session_rows.add_refresh(unit, next_hash, session["id"], issued_at=now, expires_at=expires_at)
        await session_rows.note_use(unit, session["id"], now=now, expires_at=expires_at)
        return {**session, "expires_at": expires_at}
    if same_device and await _is_repeat(unit, refresh_row, next_hash, now=now, limits=limits):
        return session
    if not spent and refresh_row["rotated_at"] is None:
        return None  # it ran out unused
    await end_session(unit, session["subject_id"], session["id"], reason="refresh_reused", now=now)
    return None


async def _is_repeat(unit: Unit, refresh_row: Row, next_hash: str, *, now: datetime, limits: SessionLimits) -> bool:
    """Tell whether a spent token comes again only because its answer was lost: soon, its successor unused."""
    rotated_at = refresh_row["rotated_at"]
    if rotated_at is None or now - rotated_at > limits.grace:
        return False
    successor = await session_rows.find_refresh(unit, next_hash)
    return successor is not None and successor["rotated_at"] is None
