"""What the database layer can refuse, and the two bugs it catches in its callers."""

from typing import Literal

from tortoise.exceptions import IntegrityError

from shimin.kit.refusal import Refusal


class DatabaseLocked(Refusal):
    """Another process holds the embedded database's write lock for longer than we wait."""

    code = "DATABASE_LOCKED"
    http_status = 503
    retryable = True


class DatabaseBusy(Refusal):
    """No turn to write, or no connection, came free within the unit's time limit."""

    code = "DATABASE_BUSY"
    http_status = 503
    retryable = True


class DatabaseUnreachable(Refusal):
    """The server does not answer, or does not let us in; never carries the password."""

    code = "DATABASE_UNREACHABLE"
    http_status = 503
    retryable = True
    where: str
    reason: str


class DatabaseFailed(Refusal):
    """The database could not finish this transaction through no fault of the request (a full disk, a lost server)."""

    code = "DATABASE_FAILED"
    http_status = 503
    retryable = True
    reason: str


class DatabaseNotMigrated(Refusal):
    """The database lacks steps that this version of the program needs."""

    code = "DATABASE_NOT_MIGRATED"
    http_status = 503
    pending: int


class DatabaseNewerThanCode(Refusal):
    """The database was migrated by a newer version of the program."""

    code = "DATABASE_NEWER_THAN_CODE"
    http_status = 503
    migration: str


class DatabaseNotDurable(Refusal):
    """A setting is off without which an acknowledged payment could be lost."""

    code = "DATABASE_NOT_DURABLE"
    http_status = 503
    setting: str
    found: str


class DatabaseNotForProduction(Refusal):
    """The embedded database does not serve a production installation."""

    code = "DATABASE_NOT_FOR_PRODUCTION"
    http_status = 503


class DatabaseUrlInvalid(Refusal):
    """The database address is of no form that is understood; the address itself is not repeated."""

    code = "DATABASE_URL_INVALID"
    http_status = 500
    reason: str


class InvalidCursor(Refusal):
    """A page cursor that this list in this order did not give out."""

    code = "INVALID_CURSOR"


class PageAmbiguous(Refusal):
    """Both ends of a list were asked for at once."""

    code = "PAGE_AMBIGUOUS"


class PageTooLarge(Refusal):
    """More rows were asked for at once than a list gives."""

    code = "PAGE_TOO_LARGE"
    first_max: int


ConstraintKind = Literal["unique", "foreign_key", "not_null", "check", "other"]


class ConstraintBroken(IntegrityError):  # noqa: N818 - named for what happened, as refusals are
    """A statement would have broken a constraint of the schema; the same on both engines.

    On PostgreSQL the transaction accepts no further statement afterwards, so a verb that wants to go on
    writes ``INSERT … ON CONFLICT DO NOTHING`` or wraps the statement in ``unit.savepoint()``.
    """

    def __init__(self, kind: ConstraintKind, detail: str) -> None:
        """Keep the kind of constraint and the engine's name for it (no row values)."""
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class UnitTimedOut(TimeoutError):  # noqa: N818 - named for what happened, as refusals are
    """A bug: a unit held its transaction past its limit and was rolled back."""
