"""Who the citizen is, on which devices they are signed in, how well that is proven; and who holds an office."""

from shimin.identity.appoint import appoint
from shimin.identity.authenticate import authenticate
from shimin.identity.confirm_real_name import confirm_real_name
from shimin.identity.dismiss import dismiss
from shimin.identity.errors import (
    AssuranceTooLow,
    CodeGone,
    CodeLocked,
    CodeRequestedTooOften,
    CodeWrong,
    IdentityAlreadyConfirmed,
    IdentityNotMatched,
    IdentityTaken,
    IdentityTriedTooOften,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    RefreshTokenInvalid,
    RolesApart,
    SessionEnded,
    SignInPaused,
)
from shimin.identity.facts import (
    CitizenRegistered,
    IdentityConfirmed,
    SessionOpened,
    SessionRevoked,
    StaffAppointed,
    StaffDismissed,
)
from shimin.identity.find_person import find_person
from shimin.identity.list_staff import list_staff
from shimin.identity.model import (
    APART,
    CODE_LIMITS,
    MEMBER_ROLES,
    OPERATOR_ROLES,
    SESSION_LIMITS,
    Appointment,
    Authenticated,
    Capacity,
    CodeLimits,
    CodeRequested,
    Person,
    RefreshSession,
    RequestCode,
    Session,
    SessionLimits,
    SignedIn,
    SignIn,
    StaffKind,
    StaffMember,
    check_id_number,
    mask_name,
    mask_phone,
    need_assurance,
    normalise_phone,
)
from shimin.identity.prune import prune
from shimin.identity.refresh import refresh
from shimin.identity.register import register
from shimin.identity.request_code import request_code
from shimin.identity.revoke_session import revoke_session
from shimin.identity.sign_in import sign_in
from shimin.identity.sign_out import sign_out
from shimin.identity.spread import spread_session, spread_subject
from shimin.identity.unlock_phone import unlock_phone
from shimin.identity.verified_tokens import VerifiedTokens
from shimin.identity.views import OFFICE, PROFILE, SESSION

__all__ = [
    "APART",
    "CODE_LIMITS",
    "MEMBER_ROLES",
    "OFFICE",
    "OPERATOR_ROLES",
    "PROFILE",
    "SESSION",
    "SESSION_LIMITS",
    "Appointment",
    "AssuranceTooLow",
    "Authenticated",
    "Capacity",
    "CitizenRegistered",
    "CodeGone",
    "CodeLimits",
    "CodeLocked",
    "CodeRequested",
    "CodeRequestedTooOften",
    "CodeWrong",
    "IdentityAlreadyConfirmed",
    "IdentityConfirmed",
    "IdentityNotMatched",
    "IdentityTaken",
    "IdentityTriedTooOften",
    "InvalidIdNumber",
    "InvalidName",
    "InvalidPhone",
    "Person",
    "RefreshSession",
    "RefreshTokenInvalid",
    "RequestCode",
    "RolesApart",
    "Session",
    "SessionEnded",
    "SessionLimits",
    "SessionOpened",
    "SessionRevoked",
    "SignIn",
    "SignInPaused",
    "SignedIn",
    "StaffAppointed",
    "StaffDismissed",
    "StaffKind",
    "StaffMember",
    "VerifiedTokens",
    "appoint",
    "authenticate",
    "check_id_number",
    "confirm_real_name",
    "dismiss",
    "find_person",
    "list_staff",
    "mask_name",
    "mask_phone",
    "need_assurance",
    "normalise_phone",
    "prune",
    "refresh",
    "register",
    "request_code",
    "revoke_session",
    "sign_in",
    "sign_out",
    "spread_session",
    "spread_subject",
    "unlock_phone",
]
