"""Cursors of the catalogue's lists: they hold a place in one order of one question, and fit no other."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from shimin.catalogue.model import Filters, Matching
from shimin.db import InvalidCursor
from shimin.kit.digest import sha256_id

CURSOR_CHARS_MAX = 300
_MATCHINGS: tuple[Matching | None, ...] = (None, "all_words", "key_words", "any_word")
_NUMBER_MAX = 2**63


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: better tiers and lower scores come first, then the guide imported earlier."""

    tier: int
    score: int
    number: int


def question(text: str | None, filters: Filters) -> str:
    """Return a short name of what is asked."""
    parts = [text, *(sorted(values) for values in (filters.groups, filters.themes, filters.departments, filters.areas))]
    return sha256_id(orjson.dumps(parts)).removeprefix("sha256:")[:16]


def write_cursor(asked: str, matching: Matching | None, place: Place) -> str:
    """Return the cursor of a row."""
    content = [asked, _MATCHINGS.index(matching), place.tier, place.score, place.number]
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def read_cursor(cursor: str, asked: str) -> tuple[Matching | None, Place]:
    """Return what a cursor holds.

    Raises:
        InvalidCursor: it was not given out for this question.
    """
    if len(cursor) > CURSOR_CHARS_MAX:
        raise InvalidCursor
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise InvalidCursor from error
    match content:
        case [str(name), int(matching), int(tier), int(score), int(number)] if name == asked:
            if 0 <= matching < len(_MATCHINGS) and all(abs(part) < _NUMBER_MAX for part in (tier, score, number)):
                return _MATCHINGS[matching], Place(tier, score, number)
    raise InvalidCursor
