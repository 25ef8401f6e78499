"""Send a sign-in code to a phone."""

import secrets
from datetime import timedelta

from shimin.db import Database
from shimin.identity import code_rows
from shimin.identity.errors import CodeRequestedTooOften
from shimin.identity.model import CODE_LIMITS, CodeLimits, CodeRequested, RequestCode, check_nonce, normalise_phone
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.text import say
from shimin.ports.cache import Cache
from shimin.ports.notify import Notice, Notifier
from shimin.ports.tokens import Tokens

TEMPLATE = "sign_in_code"


async def request_code(
    call: Call,
    wish: RequestCode,
    *,
    db: Database,
    notifier: Notifier,
    cache: Cache,
    tokens: Tokens,
    clock: Clock,
    limits: CodeLimits = CODE_LIMITS,
) -> CodeRequested:
    """Send six fresh digits to a number, good for one sign-in from the asking device.

    The answer, what is written and what is sent are the same whether or not the number is registered.
    A new code replaces the device's last one; the failures counted for the number stay.

    Raises:
        InvalidPhone, InvalidInput: the number or the nonce has no usable shape.
        CodeRequestedTooOften: the number or the device asked too often.
        NotifyUnavailable: no provider took the text; asking again is harmless.

    Source: NIST SP 800-63B-4 section 3.1.3 (out-of-band authenticators).
    """
    phone = normalise_phone(wish.phone)
    nonce = check_nonce(wish.nonce)
    window_s = limits.requests_window.total_seconds()
    for asker in {f"nonce:{tokens.keyed_hash('device', nonce)}", *({f"device:{call.device}"} if call.device else ())}:
        if await cache.count(f"code-request:{asker}", window_s=window_s) > limits.requests_per_device_max:
            raise CodeRequestedTooOften(retry_after_s=int(window_s))
    code = f"{secrets.randbelow(10**6):06}"
    now = clock.now()
    guard_key = tokens.keyed_hash("phone", phone)
    expires_at = now + limits.life
    async with db.unit() as unit:
        allowed = await code_rows.count_request(
            unit, guard_key, now=now, window=limits.requests_window, requests_max=limits.requests_per_phone_max
        )
        if not allowed:
            began_at = await code_rows.request_window_start(unit, guard_key) or now
            left: timedelta = began_at + limits.requests_window - now
            raise CodeRequestedTooOften(retry_after_s=max(1, int(left.total_seconds())))
        await code_rows.put_code(
            unit,
            tokens.keyed_hash("code-of", phone, nonce),
            tokens.keyed_hash("code", phone, nonce, code),
            now=now,
            expires_at=expires_at,
        )
    minutes = int(limits.life.total_seconds()) // 60
    body = say("notice.sign_in_code", call.locale, {"code": code, "minutes": minutes})
    await notifier.send(Notice(phone=phone, template=TEMPLATE, body=body))
    return CodeRequested(expires_at=expires_at)
