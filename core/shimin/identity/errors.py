"""What identity refuses; the words are in ``texts.toml``."""

from shimin.kit.refusal import Refusal


class InvalidPhone(Refusal):
    """The text can be no phone number that codes are sent to."""

    code = "INVALID_PHONE"


class InvalidName(Refusal):
    """The text can be no person's name."""

    code = "INVALID_NAME"


class InvalidIdNumber(Refusal):
    """The number's shape, date of birth or check character is wrong."""

    code = "INVALID_ID_NUMBER"


class CodeWrong(Refusal):
    """The code is not the one that was sent to this device."""

    code = "CODE_WRONG"
    tries_left: int


class CodeGone(Refusal):
    """This device has no live code for this number: never asked for, expired, used, or tried too often."""

    code = "CODE_GONE"


class CodeLocked(Refusal):
    """Too many wrong codes in a row for this number; only a service hall can unlock it."""

    code = "CODE_LOCKED"
    http_status = 423


class CodeRequestedTooOften(Refusal):
    """This number or device asked for too many codes."""

    code = "CODE_REQUESTED_TOO_OFTEN"
    http_status = 429
    retryable = True
    retry_after_s: int


class SignInPaused(Refusal):
    """Wrong codes over all numbers used up the hour's budget; devices that signed in before are not affected."""

    code = "SIGN_IN_PAUSED"
    http_status = 429
    retryable = True
    retry_after_s: int


class SessionEnded(Refusal):
    """The session was signed out, revoked, or ran out."""

    code = "SESSION_ENDED"
    http_status = 401


class RefreshTokenInvalid(Refusal):
    """The refresh token is unknown, expired, or was used before; in the last case its session has been ended."""

    code = "REFRESH_TOKEN_INVALID"
    http_status = 401


class AssuranceTooLow(Refusal):
    """What is asked for needs a better proven identity; ``step`` is what would reach it."""

    code = "ASSURANCE_TOO_LOW"
    http_status = 403
    needed: int
    step: str


class RolesApart(Refusal):
    """One person never holds these two roles together."""

    code = "ROLES_APART"
    http_status = 409
    roles: str


class IdentityNotMatched(Refusal):
    """The population register does not know this name with this number."""

    code = "IDENTITY_NOT_MATCHED"
    tries_left: int


class IdentityTriedTooOften(Refusal):
    """The day's tries to confirm a real name are used up."""

    code = "IDENTITY_TRIED_TOO_OFTEN"
    http_status = 429
    retryable = True
    retry_after_s: int


class IdentityAlreadyConfirmed(Refusal):
    """The citizen is confirmed as another person than the one named now."""

    code = "IDENTITY_ALREADY_CONFIRMED"
    http_status = 409


class IdentityTaken(Refusal):
    """The person is already confirmed under another account; a service hall can move it."""

    code = "IDENTITY_TAKEN"
    http_status = 409
