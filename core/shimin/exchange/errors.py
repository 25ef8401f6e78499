"""What the exchange of services between mini-apps refuses."""

from shimin.kit.refusal import Refusal


class ServiceDeclarationInvalid(Refusal):
    """An export or import of a manifest cannot be taken."""

    code = "SERVICE_DECLARATION_INVALID"
    service: str
    reason: str


class ServiceNotDeclared(Refusal):
    """A mini-app asked for a service that its release does not import."""

    code = "SERVICE_NOT_DECLARED"
    service: str


class ServiceNotOffered(Refusal):
    """The mini-app that the service belongs to is not live, or its live release no longer exports the operation."""

    code = "SERVICE_NOT_OFFERED"
    http_status = 503
    service: str


class ServiceMismatch(Refusal):
    """What was sent to a service, or what it answered, does not fit the schema that its release published.

    ``direction``: input or output; ``place``: where, as a JSON pointer; values are never repeated.
    """

    code = "SERVICE_MISMATCH"
    http_status = 502
    service: str
    direction: str
    place: str
    rule: str


class ServiceChainRefused(Refusal):
    """A service called on: back to a mini-app that waits for it (cycle), or further than services may (depth)."""

    code = "SERVICE_CHAIN_REFUSED"
    service: str
    reason: str


class ServiceRefused(Refusal):
    """The other mini-app said no, with a code and words of its own."""

    code = "SERVICE_REFUSED"
    service: str
    app_code: str
    app_message: str


class ServiceUnavailable(Refusal):
    """The other mini-app gave no answer: it was too slow, too big, or broke; ``reason`` is the sandbox's code."""

    code = "SERVICE_UNAVAILABLE"
    http_status = 503
    retryable = True
    service: str
    reason: str
