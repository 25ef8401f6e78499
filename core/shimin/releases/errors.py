"""What releases refuse."""

from shimin.kit.refusal import Refusal


class PackageBroken(Refusal):
    """The package cannot be read as a mini-app; ``finding`` is the reader's code and the entry it is about."""

    code = "PACKAGE_BROKEN"
    finding: str


class PackageTooLarge(Refusal):
    """The package is larger than any mini-app may be."""

    code = "PACKAGE_TOO_LARGE"
    http_status = 413
    size_bytes_max: int


class DepartmentMismatch(Refusal):
    """The package belongs to another department than the one who uploads it."""

    code = "DEPARTMENT_MISMATCH"
    http_status = 403


class AppIdNotOwned(Refusal):
    """The app id is not in the department's namespace."""

    code = "APP_ID_NOT_OWNED"
    http_status = 403
    namespace: str


class VersionNotHigher(Refusal):
    """``version.code`` must rise with every upload of an app."""

    code = "VERSION_NOT_HIGHER"
    http_status = 409
    highest: int


class InvalidTransition(Refusal):
    """That command does not fit the release's state; ``allowed`` names those that do."""

    code = "INVALID_TRANSITION"
    http_status = 409
    state: str
    command: str
    allowed: list[str]


class FourEyes(Refusal):
    """Who uploaded a release cannot approve it."""

    code = "FOUR_EYES"
    http_status = 403


class DigestMismatch(Refusal):
    """The approval names another digest than the release has."""

    code = "DIGEST_MISMATCH"
    http_status = 409


class AppNotServed(Refusal):
    """No live release of that mini-app is served now."""

    code = "APP_NOT_SERVED"
    http_status = 404
    app_id: str
