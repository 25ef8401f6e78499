"""Templates that mini-apps bring with their releases: reviewed words with open places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shimin.kit.call import Locale
from shimin.kit.refusal import InvalidInput
from shimin.kit.text import LOCALES
from shimin.messages.errors import SlotsMismatch
from shimin_sdk.pack import letter

NAME_CHARS_MAX = 100
WORDS_CHARS_MAX = 1_000
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
        return frozenset().union(*(letter.places(text) for part in (self.title, self.body) for text in part.values()))

    def note(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the values of ``APP_NOTE``: the words of each locale with every place filled.

        Args:
            params: exactly the template's places; texts, whole numbers, or money as ``{amountMinor, currency}``.

        Raises:
            SlotsMismatch: a place is missing, unknown, or filled with something else.
        """
        given = {name: words for name, value in params.items() if (words := letter.place_words(value)) is not None}
        missing, unknown = sorted(self.slots - given.keys()), sorted(params.keys() - self.slots)
        if missing or unknown:
            raise SlotsMismatch(template=self.name, missing=missing, unknown=unknown[:20])
        return {
            f"{part}_{_SUFFIX[locale]}": letter.filled(getattr(self, part)[locale], given)
            for part in letter.PARTS
            for locale in LOCALES
        }
