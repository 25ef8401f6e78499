"""Signing in, the caller's own profile and sessions, and proving a real name."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from shimin import identity
from shimin.db import CALLER, DEPARTMENT, KIND, ROLES, SESSION, IsCallers, OfCaller, Same, read_one
from shimin.identity import CodeLimits
from shimin.kit.refusal import InvalidInput, NotAllowed, NotFound, NotSignedIn
from shimin.ports.notify import NotifyUnavailable
from shimin.ports.source import SourceUnavailable
from shimin_graphql.context import Info
from shimin_graphql.engine.cost import REMOTE_COST
from shimin_graphql.engine.mapping import LaterThanNow, One
from shimin_graphql.types.base import CITIZEN, SIGNED_IN, Access, field, mutation
from shimin_graphql.types.rows import pages, rows, value

IN_PERSON = Access("anyone in person", frozenset({"anonymous", "citizen", "member", "operator"}))
"""Not mini-apps: none of them may have codes sent, sign anybody in or hold a session."""
DEVELOPMENT_CODE_LIMITS = CodeLimits(requests_per_phone_max=1_000, requests_per_device_max=10_000)
"""Whoever develops asks for codes all day; how codes are guessed at stays as strict as in production."""


@strawberry.enum
class Capacity(Enum):
    """In which capacity a person signs in: for their own affairs, or for their office."""

    CITIZEN = "citizen"
    STAFF = "staff"


@strawberry.input
class RequestCodeInput:
    """A wish for a code."""

    phone: str
    nonce: str = strawberry.field(description="A secret of the device: 16 to 128 random characters of base64url.")


@strawberry.input
class SignInInput:
    """A code as it came back."""

    phone: str
    code: str
    nonce: str = strawberry.field(description="The nonce with which this device asked for the code.")
    device_name: str
    capacity: Capacity = Capacity.CITIZEN


@strawberry.input
class RefreshSessionInput:
    """A refresh token presented by the device it was given to."""

    refresh_token: str
    nonce: str


@strawberry.input
class RevokeSessionInput:
    """Which session to end."""

    session_id: strawberry.ID


@strawberry.input
class ConfirmRealNameInput:
    """Name and number as on the identity card."""

    name: str
    id_number: str


@strawberry.type(description="A code is on its way; the same is said for every number.")
class CodeRequested:
    """A code was sent."""

    expires_at: datetime


@rows(identity.SESSION)
@strawberry.type(description="One signed-in device of the caller.")
class Session:
    """A session on the wire."""

    id: strawberry.ID
    device_name: str
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool = value(IsCallers("id", SESSION), description="Whether this request is made in it.")


@strawberry.type(description="An open session with the tokens that speak for it; keep both secret.")
class SignedIn:
    """The result of signing in or refreshing."""

    session_id: strawberry.ID
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    registered: bool = strawberry.field(description="Whether this sign-in registered the citizen.")

    @classmethod
    def of(cls, done: identity.SignedIn) -> Self:
        """Return a session just opened or continued."""
        return cls(
            session_id=strawberry.ID(done.session.id),
            access_token=done.access_token,
            access_expires_at=done.access_expires_at,
            refresh_token=done.refresh_token,
            registered=done.registered,
        )


@strawberry.type(description="The session is over.")
class SessionClosed:
    """A session was ended."""

    session_id: strawberry.ID


@strawberry.type(description="The caller is this person, as the population register knows them.")
class RealNameConfirmed:
    """A real name was confirmed."""

    assurance: int


@rows(identity.PROFILE)
@strawberry.type(description="Whoever is calling; name and number with their middle hidden.")
class Viewer:
    """The caller's own profile."""

    id: strawberry.ID
    kind: str = value(OfCaller(KIND), description="citizen, member or operator")
    name: str | None
    phone: str
    assurance: int = value(Same("assurance"), description="1 phone, 2 real name, 3 in person")
    roles: list[str] = value(OfCaller(ROLES, "document"))
    department_id: str | None = value(OfCaller(DEPARTMENT))

    sessions = pages(
        Session,
        identity.SESSION,
        order="newest",
        where={"revoked_at": None, "expires_at": LaterThanNow()},
        allow=SIGNED_IN,
        description="Devices on which the caller is signed in, the newest first.",
    )


@strawberry.type
class IdentityQuery:
    """Reading who is calling."""

    @field(allow=SIGNED_IN, mapped=One(identity.PROFILE, {"id": CALLER}, callers=frozenset({"citizen"})))
    async def viewer(self, info: Info) -> Viewer:
        """Whoever is calling: a citizen, or a person in an office."""
        call, platform = info.context.call, info.context.platform
        actor = call.actor
        view = identity.PROFILE if actor.kind == "citizen" else identity.OFFICE
        async with platform.db.reader() as reader:
            row = await read_one(reader, view, call, actor.id)
        if row is None:
            raise NotFound
        return Viewer(
            id=strawberry.ID(actor.id),
            kind=actor.kind,
            name=row["name"],
            phone=row["phone"],
            assurance=row.get("assurance", actor.assurance),
            roles=sorted(actor.roles),
            department_id=actor.department_id,
        )


@strawberry.type
class IdentityMutation:
    """Signing in and out, and proving who one is."""

    @mutation(
        allow=IN_PERSON,
        cost=REMOTE_COST,
        refuses=[identity.InvalidPhone, identity.CodeRequestedTooOften, NotifyUnavailable, InvalidInput],
    )
    async def request_code(self, info: Info, input: RequestCodeInput) -> CodeRequested:  # noqa: A002
        """Send a sign-in code to a phone; the answer never tells whether the number is registered."""
        call, platform = info.context.call, info.context.platform
        asked = await identity.request_code(
            call,
            identity.RequestCode(phone=input.phone, nonce=input.nonce),
            db=platform.db,
            notifier=platform.notifier,
            cache=platform.cache,
            tokens=platform.tokens,
            clock=platform.clock,
            limits=DEVELOPMENT_CODE_LIMITS if platform.settings.mode == "development" else identity.CODE_LIMITS,
        )
        return CodeRequested(expires_at=asked.expires_at)

    @mutation(
        allow=IN_PERSON,
        refuses=[
            identity.InvalidPhone,
            identity.CodeWrong,
            identity.CodeGone,
            identity.CodeLocked,
            identity.SignInPaused,
            InvalidInput,
            NotAllowed,
        ],
    )
    async def sign_in(self, info: Info, input: SignInInput) -> SignedIn:  # noqa: A002
        """Open a session with a code; an unknown number becomes a citizen."""
        platform = info.context.platform
        done = await identity.sign_in(
            info.context.call,
            identity.SignIn(
                phone=input.phone,
                code=input.code,
                nonce=input.nonce,
                device_name=input.device_name,
                capacity=input.capacity.value,
            ),
            db=platform.db,
            tokens=platform.tokens,
            clock=platform.clock,
        )
        return SignedIn.of(done)

    @mutation(allow=IN_PERSON, refuses=[identity.RefreshTokenInvalid, InvalidInput])
    async def refresh_session(self, info: Info, input: RefreshSessionInput) -> SignedIn:  # noqa: A002
        """Continue a session with its refresh token, which is replaced by the next one."""
        platform = info.context.platform
        done = await identity.refresh(
            info.context.call,
            identity.RefreshSession(refresh_token=input.refresh_token, nonce=input.nonce),
            db=platform.db,
            tokens=platform.tokens,
            clock=platform.clock,
        )
        return SignedIn.of(done)

    @mutation(allow=SIGNED_IN, refuses=[NotSignedIn])
    async def sign_out(self, info: Info) -> SessionClosed:
        """End the session this request is made in."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            session_id = await identity.sign_out(info.context.call, unit=unit, clock=platform.clock)
        platform.verified.drop_session(session_id)
        await identity.spread_session(session_id, pubsub=platform.pubsub)
        return SessionClosed(session_id=strawberry.ID(session_id))

    @mutation(allow=SIGNED_IN, refuses=[NotFound])
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> SessionClosed:  # noqa: A002
        """End one of the caller's sessions, on whatever device it is."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            await identity.revoke_session(info.context.call, input.session_id, unit=unit, clock=platform.clock)
        platform.verified.drop_session(input.session_id)
        await identity.spread_session(input.session_id, pubsub=platform.pubsub)
        return SessionClosed(session_id=input.session_id)

    @mutation(
        allow=CITIZEN,
        cost=REMOTE_COST,
        refuses=[
            identity.InvalidName,
            identity.InvalidIdNumber,
            identity.IdentityNotMatched,
            identity.IdentityTriedTooOften,
            identity.IdentityAlreadyConfirmed,
            identity.IdentityTaken,
            SourceUnavailable,
        ],
    )
    async def confirm_real_name(self, info: Info, input: ConfirmRealNameInput) -> RealNameConfirmed:  # noqa: A002
        """Prove the caller's name and id number by the population register; raises assurance to 2."""
        call, platform = info.context.call, info.context.platform
        assurance = await identity.confirm_real_name(
            call, input.name, input.id_number, db=platform.db, source=platform.source, clock=platform.clock
        )
        await identity.spread_subject(call.actor.id, db=platform.db, pubsub=platform.pubsub, clock=platform.clock)
        return RealNameConfirmed(assurance=assurance)
