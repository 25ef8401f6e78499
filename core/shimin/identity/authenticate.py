"""The one place where an access token becomes an actor."""

from shimin.db import Database, Row
from shimin.identity import session_rows
from shimin.identity.errors import SessionEnded
from shimin.identity.model import Authenticated
from shimin.identity.verified_tokens import VerifiedTokens
from shimin.kit.call import Actor
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.ports.tokens import TOKEN_BYTES_MAX, TokenInvalid, Tokens


async def authenticate(
    token: str, *, db: Database, tokens: Tokens, verified: VerifiedTokens, clock: Clock
) -> Authenticated:
    """Return who the token speaks for and what they may do at this moment.

    The token carries no authority but its session: assurance, roles and department are read from the database, and
    remembered in ``verified`` for a short while.

    Raises:
        TokenInvalid: not one of our access tokens.
        TokenExpired: its time is over.
        SessionEnded: its session was signed out, revoked, or ran out, or the office it was opened for has ended.
    """
    if len(token) > TOKEN_BYTES_MAX or not token.isascii():
        raise TokenInvalid
    now = clock.now()
    known = verified.get(token, now)
    if known is not None:
        return known
    mark = verified.mark()
    claims = tokens.verify(token)
    async with db.reader() as reader:
        row = await session_rows.find_authority(reader, claims.session_id)
    if row is None or row["subject_id"] != claims.subject:
        raise TokenInvalid
    if row["revoked_at"] is not None or row["expires_at"] <= now or row["dismissed_at"] is not None:
        raise SessionEnded
    authenticated = Authenticated(actor=_actor(row), session_id=claims.session_id, device=row["device_name"])
    expires_at = min(claims.expires_at, row["expires_at"])
    verified.keep(token, authenticated, expires_at=expires_at, now=now, mark=mark)
    return authenticated


def _actor(row: Row) -> Actor:
    """Return the actor a live session speaks for."""
    subject_id = row["subject_id"]
    if row["capacity"] == "citizen" and row["assurance"] is not None:
        return Actor(kind="citizen", id=subject_id, citizen_id=CitizenId(subject_id), assurance=row["assurance"])
    if row["capacity"] == "staff" and row["kind"] is not None:
        return Actor(
            kind=row["kind"],
            id=subject_id,
            department_id=DepartmentId(row["department_id"]) if row["department_id"] else None,
            roles=row["roles"],
            assurance=1,
        )
    raise SessionEnded
