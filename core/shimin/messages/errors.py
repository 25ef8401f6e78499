"""What messages refuse."""

from shimin.kit.refusal import Refusal


class TemplateUnknown(Refusal):
    """There is no message template of that name."""

    code = "TEMPLATE_UNKNOWN"
    template: str


class SlotsMismatch(Refusal):
    """The values given are not exactly the slots of the template."""

    code = "SLOTS_MISMATCH"
    template: str
    missing: list[str]
    unknown: list[str]


class MessageNotDeclared(Refusal):
    """The release does not declare a message template of that name."""

    code = "MESSAGE_NOT_DECLARED"
    template: str


class MessagesExceeded(Refusal):
    """The mini-app has sent the citizen as many messages in a day as it may."""

    code = "MESSAGES_EXCEEDED"
    http_status = 429
    retryable = True
    messages_max: int
