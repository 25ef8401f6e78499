"""A message: who sent it, from which template, with which values; the words are made when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shimin.kit.call import Locale
from shimin.kit.ids import CitizenId
from shimin.kit.text import say
from shimin.messages.errors import SlotsMismatch, TemplateUnknown

SLOT_CHARS_MAX = 200
APP_NOTE = "mini_app.note"
"""The template of everything that mini-apps send: whole words in each language, made from the release's own texts."""
NOTE_CHARS_MAX = 2_000


class SenderKind(StrEnum):
    """Who may send."""

    PLATFORM = "PLATFORM"
    DEPARTMENT = "DEPARTMENT"
    MINI_APP = "MINI_APP"


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of message: its name, its slots, and the text codes of its words."""

    name: str
    slots: frozenset[str]
    slot_chars_max: int = SLOT_CHARS_MAX

    @property
    def title_code(self) -> str:
        """Text code of the title."""
        return f"message.{self.name}.title"

    @property
    def body_code(self) -> str:
        """Text code of the body."""
        return f"message.{self.name}.body"


TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template("payment.receipt", frozenset({"subject", "amount", "receipt_number", "payee", "paid_at"})),
        Template("payment.failed", frozenset({"subject", "amount"})),
        Template(APP_NOTE, frozenset({"title_zh", "title_en", "body_zh", "body_en"}), NOTE_CHARS_MAX),
    )
}
"""Every template; its words are in ``texts.toml`` in each locale."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message in one inbox."""

    id: str
    citizen_id: CitizenId
    sender_kind: SenderKind
    sender: str
    template: str
    values: Mapping[str, str]
    payment_id: str | None
    sent_at: datetime
    read_at: datetime | None

    def title(self, locale: Locale) -> str:
        """Return the title in a language."""
        return say(TEMPLATES[self.template].title_code, locale, self.values)

    def body(self, locale: Locale) -> str:
        """Return the body in a language."""
        return say(TEMPLATES[self.template].body_code, locale, self.values)


def check_values(template_name: str, values: Mapping[str, str]) -> None:
    """Go on only if the values are exactly the template's slots.

    Raises:
        TemplateUnknown: there is no such template.
        SlotsMismatch: a slot is missing, unknown or longer than the template's ``slot_chars_max``.
    """
    template = TEMPLATES.get(template_name)
    if template is None:
        raise TemplateUnknown(template=template_name)
    missing = sorted(template.slots - values.keys())
    too_long = {slot for slot, words in values.items() if len(words) > template.slot_chars_max}
    unknown = sorted((values.keys() - template.slots) | too_long)
    if missing or unknown:
        raise SlotsMismatch(template=template_name, missing=missing, unknown=unknown)
