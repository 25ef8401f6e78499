"""What the broker refuses on behalf of a mini-app."""

from shimin.kit.refusal import Refusal

CODE_CHARS_MAX = 64
MESSAGE_CHARS_MAX = 500
"""What is shown of a mini-app's own no."""


class MiniAppRefused(Refusal):
    """The mini-app itself said no, with a code and words of its own; they are shown, never trusted."""

    code = "MINIAPP_REFUSED"
    app_id: str
    app_code: str
    app_message: str


class MiniAppAnswerInvalid(Refusal):
    """The mini-app answered what is not one JSON value within its bounds."""

    code = "MINIAPP_ANSWER_INVALID"
    http_status = 502
    app_id: str


class DocumentNotDeclared(Refusal):
    """A mini-app asked for a document that its release does not hold."""

    code = "DOCUMENT_NOT_DECLARED"
    path: str


class ServiceNotAvailable(Refusal):
    """A mini-app asked for a service that the platform does not offer."""

    code = "SERVICE_NOT_AVAILABLE"
    service: str


class IdempotencyKeyMissing(Refusal):
    """An action needs an idempotency key, so that a repeat does nothing twice."""

    code = "IDEMPOTENCY_KEY_MISSING"
