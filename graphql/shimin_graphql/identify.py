"""From a request's headers to the call it makes: the only place of the edge where a token becomes an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shimin import identity
from shimin.kit.call import ANONYMOUS, Call
from shimin.kit.text import pick_locale
from shimin.ports.tokens import TokenInvalid
from shimin_graphql.context import Context

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin_graphql.engine.headers import Headers

BEARER = "bearer "


async def make_context(headers: Headers, platform: Platform) -> Context:
    """Return the surroundings of a request: whoever the bearer token says, else nobody.

    Raises:
        TokenInvalid, TokenExpired, SessionEnded: the request brought a token that does not count; it is refused
            as a whole rather than served as nobody.

    Source: RFC 6750 section 2.1 (the token is taken from the Authorization header only).
    """
    language, given = headers.get(b"accept-language"), headers.get(b"authorization")
    locale = pick_locale(None if language is None else language.decode("latin-1"))
    if given is None:
        return Context(call=Call(actor=ANONYMOUS, locale=locale), platform=platform)
    header = given.decode("latin-1")
    if header[: len(BEARER)].lower() != BEARER:
        raise TokenInvalid
    known = await identity.authenticate(
        header[len(BEARER) :].strip(),
        db=platform.db,
        tokens=platform.tokens,
        verified=platform.verified,
        clock=platform.clock,
    )
    call = Call(actor=known.actor, session_id=known.session_id, device=known.device, locale=locale)
    return Context(call=call, platform=platform)
