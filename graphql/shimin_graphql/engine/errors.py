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
    """The path does not take that HTTP method, or only for queries; the ``Allow`` header says which it takes."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class SubscriptionElsewhere(Refusal):
    """A subscription was sent to the path that gives one answer; events have paths of their own."""

    code = "SUBSCRIPTION_ELSEWHERE"


class BodyTimeout(Refusal):
    """The body did not arrive in time (RFC 9110 section 15.5.9)."""

    code = "BODY_TIMEOUT"
    http_status = 408
    retryable = True


class HeaderMalformed(Refusal):
    """A header that may come once came twice, or says something that cannot be read."""

    code = "HEADER_MALFORMED"
    name: str


class HeadersTooLarge(Refusal):
    """More or longer headers than any honest client sends (RFC 6585 section 5)."""

    code = "HEADERS_TOO_LARGE"
    http_status = 431
    size_bytes_max: int


class UrlTooLong(Refusal):
    """The query component of the address is longer than the limit; POST takes more."""

    code = "URL_TOO_LONG"
    http_status = 414
    size_bytes_max: int


class OriginNotAllowed(Refusal):
    """A page of another site sent this; only the platform's own pages and those it was told of may."""

    code = "ORIGIN_NOT_ALLOWED"
    http_status = 403


class StreamsTooMany(Refusal):
    """The caller already follows as many streams as one caller may."""

    code = "STREAMS_TOO_MANY"
    http_status = 429
    streams_max: int


class StreamsFull(Refusal):
    """This server holds as many streams as it can, or is about to stop; another one may have room."""

    code = "STREAMS_FULL"
    http_status = 503
    retryable = True


class OperationsTooMany(Refusal):
    """The connection already runs as many operations as one connection may at a time."""

    code = "OPERATIONS_TOO_MANY"
    http_status = 429
    operations_max: int


class DocumentIdInvalid(Refusal):
    """The id is not ``sha256:`` and 64 lower-case hexadecimal digits (appendix on persisted documents)."""

    code = "DOCUMENT_ID_INVALID"


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
    """The document is beyond a limit; ``limit`` names which (docs/guide/graphql-limits.md lists them)."""

    code = "DOCUMENT_TOO_COSTLY"
    limit: str
    found: int
    allowed: int


class VariablesTooLarge(Refusal):
    """The variables hold more, or longer or deeper values, than a request may; ``limit`` names which."""

    code = "VARIABLES_TOO_LARGE"
    limit: str
    found: int
    allowed: int


class BudgetExhausted(Refusal):
    """The caller has spent the points of this minute for documents that are not trusted."""

    code = "BUDGET_EXHAUSTED"
    http_status = 429
    retryable = True
    requested: int
    remaining: int
    retry_after_s: int


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
