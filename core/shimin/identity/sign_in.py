"""Turn a code into a session."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from shimin.db import Database, Unit
from shimin.identity import code_rows, rows
from shimin.identity.errors import CodeGone, CodeLocked, CodeWrong, SignInPaused
from shimin.identity.facts import CitizenRegistered
from shimin.identity.model import (
    CODE_LIMITS,
    SESSION_LIMITS,
    Capacity,
    CodeLimits,
    Session,
    SessionLimits,
    SignedIn,
    SignIn,
    check_nonce,
    clean_code,
    clean_device_name,
    mask_phone,
    normalise_phone,
)
from shimin.identity.opening import open_session
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import new_id
from shimin.kit.refusal import NotAllowed, Refusal
from shimin.ports.tokens import Tokens


@dataclass(frozen=True, slots=True)
class _Try:
    """A code to be checked, everything in it cleaned."""

    phone: str
    code_key: str
    code_hash: str
    guard_key: str
    device_hash: str


async def sign_in(
    call: Call,  # noqa: ARG001 - every verb is told who asks; here nobody is known yet
    proof: SignIn,
    *,
    db: Database,
    tokens: Tokens,
    clock: Clock,
    limits: CodeLimits = CODE_LIMITS,
    session_limits: SessionLimits = SESSION_LIMITS,
) -> SignedIn:
    """Open a session for the holder of a number; a number nobody registered becomes a citizen.

    Checking a code uses up one of its tries and counts as a failure of the number before the code is looked at, in
    one guarded update each, so that no number of parallel tries gets more than the limits; a right code clears
    the count. What a failed try counted is kept: it is committed before the refusal is raised.

    Raises:
        InvalidPhone, InvalidInput: something has no usable shape; no try is used up.
        CodeWrong: with the tries left; CodeGone: no live code for this device.
        CodeLocked: the number had too many failures in a row.
        SignInPaused: too many failures over all numbers, and this device is new.
        NotAllowed: the holder of the number holds no office, and asked to sign in as staff.

    Source: NIST SP 800-63B-4 sections 3.1.3 and 3.2.2 (rate limiting: at most 100 consecutive failures).
    """
    phone, nonce, code = normalise_phone(proof.phone), check_nonce(proof.nonce), clean_code(proof.code)
    device_name = clean_device_name(proof.device_name)
    attempt = _Try(
        phone=phone,
        code_key=tokens.keyed_hash("code-of", phone, nonce),
        code_hash=tokens.keyed_hash("code", phone, nonce, code),
        guard_key=tokens.keyed_hash("phone", phone),
        device_hash=tokens.keyed_hash("device", nonce),
    )
    now = clock.now()
    async with db.unit() as unit:
        opened = await _check(unit, attempt, now, limits) or await _open(
            unit, attempt, proof.capacity, device_name, now=now, tokens=tokens, limits=session_limits
        )
    if isinstance(opened, Refusal):
        raise opened
    session, refresh_token, registered = opened
    access = tokens.issue(subject=session.subject_id, session_id=session.id)
    return SignedIn(
        session=session,
        access_token=access.text,
        access_expires_at=access.expires_at,
        refresh_token=refresh_token,
        registered=registered,
    )


async def _check(unit: Unit, attempt: _Try, now: datetime, limits: CodeLimits) -> Refusal | None:
    """Use up a try and look at the code; return what to refuse with after the commit, None where it is right."""
    over_budget = await code_rows.budget_spent(unit, now=now) >= limits.failures_per_hour_max
    if over_budget and not await code_rows.is_known_device(unit, attempt.phone, attempt.device_hash):
        return SignInPaused(retry_after_s=60)
    reserved = await code_rows.reserve_check(unit, attempt.code_key, now=now, checks_max=limits.checks_per_code_max)
    if reserved is None:
        return CodeGone()
    if not await code_rows.count_failure(unit, attempt.guard_key, failures_max=limits.failures_per_phone_max):
        return CodeLocked()
    if not hmac.compare_digest(reserved["code_hash"], attempt.code_hash):
        await code_rows.spend_budget(unit, now=now)
        return CodeWrong(tries_left=limits.checks_per_code_max - reserved["checks"])
    await code_rows.use_code(unit, attempt.code_key, now=now)
    await code_rows.clear_failures(unit, attempt.guard_key)
    return None


async def _open(
    unit: Unit,
    attempt: _Try,
    capacity: Capacity,
    device_name: str,
    *,
    now: datetime,
    tokens: Tokens,
    limits: SessionLimits,
) -> tuple[Session, str, bool] | NotAllowed:
    """Open the session of whoever holds the number in that capacity; return it and whether they registered just now."""
    if capacity == "staff":
        staff = await rows.find_staff(unit, phone=attempt.phone)
        if staff is None or staff["dismissed_at"] is not None:
            return NotAllowed()
        subject_id, registered = staff["id"], False
    else:
        subject_id, registered = await find_or_register(unit, attempt.phone, now)
    session, refresh_token = await open_session(
        unit,
        subject_id,
        capacity,
        device_name=device_name,
        device_hash=attempt.device_hash,
        now=now,
        tokens=tokens,
        limits=limits,
    )
    return session, refresh_token, registered


async def find_or_register(unit: Unit, phone: str, now: datetime) -> tuple[str, bool]:
    """Return the citizen of a number, registered now if need be, and whether that was so."""
    found = await rows.find_citizen(unit, phone)
    if found:
        return found, False
    citizen_id = new_id("ctz")
    if await rows.add_citizen(unit, citizen_id, phone, mask_phone(phone), now=now):
        await unit.emit(CitizenRegistered(citizen_id=citizen_id))
        return citizen_id, True
    # Another transaction registered the number between the two statements.
    return await rows.find_citizen(unit, phone) or "", False
