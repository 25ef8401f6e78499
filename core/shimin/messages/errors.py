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
