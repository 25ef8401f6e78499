"""Templates that mini-apps bring with their releases: reviewed words with open places."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shimin.kit.call import Locale
from shimin.kit.money import Money
from shimin.kit.refusal import InvalidInput
from shimin.kit.text import LOCALES
from shimin.messages.errors import SlotsMismatch
from shimin.messages.model import SLOT_CHARS_MAX

NAME_CHARS_MAX = 100
WORDS_CHARS_MAX = 1_000
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_AMOUNT = re.compile(r"-?[0-9]{1,16}")
_SUFFIX: Mapping[Locale, str] = {"zh-Hans": "zh", "en": "en"}


@dataclass(frozen=True, slots=True)
class AppTemplate:
    """One template of one release: a title and a body in every locale, with places such as ``{amount}``."""

    name: str
    title: Mapping[str, str]
    body: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse a template that could not be read in every locale.

        Raises:
            InvalidInput: with the template's name.
        """
        words = [part.get(locale, "") for part in (self.title, self.body) for locale in LOCALES]
        if len(self.name) > NAME_CHARS_MAX or not all(0 < len(text) <= WORDS_CHARS_MAX for text in words):
            reason = f"{self.name[:NAME_CHARS_MAX]} needs a title and a body in {', '.join(LOCALES)}"
            raise InvalidInput(field="messages", reason=reason)

    @property
    def slots(self) -> frozenset[str]:
        """Every open place in any of its words."""
        return frozenset(
            slot for part in (self.title, self.body) for text in part.values() for slot in _SLOT.findall(text)
        )

    def note(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the values of ``APP_NOTE``: the words of each locale with every place filled.

        Args:
            params: exactly the template's places; texts, whole numbers, or money as ``{amountMinor, currency}``.

        Raises:
            SlotsMismatch: a place is missing, unknown, or filled with something else.
        """
        filled = {name: words for name, value in params.items() if (words := _words(value)) is not None}
        missing, unknown = sorted(self.slots - filled.keys()), sorted(params.keys() - self.slots)
        if missing or unknown:
            raise SlotsMismatch(template=self.name, missing=missing, unknown=unknown[:20])
        return {
            f"{part}_{_SUFFIX[locale]}": _SLOT.sub(lambda place: filled[place[1]], getattr(self, part)[locale])
            for part in ("title", "body")
            for locale in LOCALES
        }


def _words(value: object) -> str | None:
    """Return how a value reads in a message; None for what does not belong into one."""
    if isinstance(value, str):
        return value if len(value) <= SLOT_CHARS_MAX and value.isprintable() else None
    if type(value) is int:
        return str(value)
    if isinstance(value, dict) and value.keys() == {"amountMinor", "currency"}:
        amount = str(value["amountMinor"])
        if _AMOUNT.fullmatch(amount):
            money = Money(int(amount), str(value["currency"]))
            return f"{money.decimal()} {money.currency}"
    return None
