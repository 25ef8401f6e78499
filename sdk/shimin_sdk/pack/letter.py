"""Messages by template, as the platform and the developer's phone both write them: words with places, filled."""

import re
from collections.abc import Mapping

from shimin_sdk.money import Money

PARTS = ("title", "body")
"""Texts that a template consists of: ``topup.receipt`` has ``topup.receipt.title`` and ``topup.receipt.body``."""
PLACE_CHARS_MAX = 200
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_AMOUNT = re.compile(r"-?[0-9]{1,16}")


def places(words: str) -> frozenset[str]:
    """Return the names of the open places in a text, such as ``amount`` in ``{amount} received``."""
    return frozenset(_PLACE.findall(words))


def place_words(value: object) -> str | None:
    """Return how a value reads in a message: a text, a whole number, or money as it travels; None for anything else."""
    if isinstance(value, str):
        return value if len(value) <= PLACE_CHARS_MAX and value.isprintable() else None
    if type(value) is int:
        return str(value)
    if isinstance(value, dict) and value.keys() == {"amountMinor", "currency"}:
        amount = str(value["amountMinor"])
        try:
            return str(Money(int(amount), str(value["currency"]))) if _AMOUNT.fullmatch(amount) else None
        except ValueError:
            return None
    return None


def filled(words: str, given: Mapping[str, str]) -> str:
    """Return a text with its places filled; what is filled in is never read as a place again.

    Raises:
        KeyError: a place has no words.
    """
    return _PLACE.sub(lambda place: given[place[1]], words)
