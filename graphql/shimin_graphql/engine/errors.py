"""What the GraphQL endpoint refuses before or while running a document."""

from shimin.kit.refusal import Refusal


class BodyMalformed(Refusal):
    """The body is not a GraphQL-over-HTTP request (section 5 of the specification)."""

    code = "BODY_MALFORMED"
    reason: str


class BodyTooLarge(Refusal):
    """The body is longer than the limit."""

    code = "BODY_TOO_LARGE"
    http_status = 413
    size_bytes_max: int


class MediaTypeUnsupported(Refusal):
    """The body is not ``application/json`` in UTF-8; simple content types are refused against forged requests."""

    code = "MEDIA_TYPE_UNSUPPORTED"
    http_status = 415


class NotAcceptable(Refusal):
    """The caller accepts none of the media types this endpoint answers in."""

    code = "NOT_ACCEPTABLE"
    http_status = 406


class MethodNotAllowed(Refusal):
    """This operation cannot be sent with that HTTP method: mutations and subscriptions need POST."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class DocumentUnknown(Refusal):
    """No trusted document has that id."""

    code = "DOCUMENT_UNKNOWN"
    http_status = 404


class DocumentOutdated(Refusal):
    """The document was registered when the schema was another one and does not fit this one."""

    code = "DOCUMENT_OUTDATED"
    http_status = 410


class DocumentsOnly(Refusal):
    """Only trusted documents run here; the request brought a text of its own."""

    code = "DOCUMENTS_ONLY"
    http_status = 403


class DocumentInvalid(Refusal):
    """The document does not parse or does not fit the schema."""

    code = "DOCUMENT_INVALID"
    reason: str


class DocumentTooCostly(Refusal):
    """The document is beyond a limit for documents that are not trusted (depth, aliases, fields, tokens)."""

    code = "DOCUMENT_TOO_COSTLY"
    limit: str
    found: int
    allowed: int


class DeadlineExceeded(Refusal):
    """The request took longer than it may."""

    code = "DEADLINE_EXCEEDED"
    http_status = 504
    retryable = True


class InternalFault(Refusal):
    """Something is broken on our side; the trace id finds it in the log."""

    code = "INTERNAL"
    http_status = 500
    trace_id: str
