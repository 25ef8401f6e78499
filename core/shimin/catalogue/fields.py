"""Reads one object of a guides file field by field, and keeps a note of everything that is not what it should be."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from shimin.catalogue.model import Phones, Problem, Text, TimeLimit
from shimin.catalogue.phones import read_phones
from shimin.kit.text import fold

NOTHING = frozenset({"", "无", "暂无", "-", "--", "/", "null", "none", "n/a"})
"""Folded values that mean "none"."""
TEXT_CHARS_MAX = 10_000
NAME_CHARS_MAX = 300
LIST_ITEMS_MAX = 100
URL_CHARS_MAX = 2000
LIMIT_DAYS_MAX = 3660
VISITS_MAX = 20
FOUND_CHARS_MAX = 80

_YES = frozenset({"是", "支持", "1", "true", "yes", "可", "有"})
_NO = frozenset({"否", "不支持", "0", "false", "no", "不可"})
_LIMIT = re.compile(r"(\d{1,5})\s*[(\[]?\s*(?:个)?(工作日|自然日|日历日|天|日|working days?|calendar days?)?\s*[)\]]?")
_CALENDAR = frozenset({"自然日", "日历日", "calendar day", "calendar days"})
_COUNT = re.compile(r"(\d{1,5})\s*次?")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
"""Control and invisible formatting characters; a line feed may stand in a text."""
_WHITE = re.compile(r"[^\S\n]+")


class Fields:
    """One object and the problems found in it so far."""

    def __init__(self, values: Mapping[str, object], line: int, english: Mapping[str, object] | None = None) -> None:
        """Read from ``values``; ``english`` holds the same fields in English, where somebody wrote them."""
        self._values = values
        self._english = english or {}
        self.line = line
        self.code: str | None = None
        self.problems: list[Problem] = []

    def problem(self, field: str, reason: str, found: object) -> None:
        """Note that a field was not read, or not fully."""
        shown = found if isinstance(found, str) else repr(found)
        self.problems.append(Problem(self.line, self.code, field, reason, shown[:FOUND_CHARS_MAX]))

    def plain(self, field: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
        """Return a text without stray white space and control characters; None for "none"."""
        return self._plain(self._values.get(field), field, chars_max)

    def _plain(self, value: object, field: str, chars_max: int) -> str | None:
        if value is None or (isinstance(value, list) and not value):
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.problem(field, "WRONG_TYPE", value)
            return None
        text = tidy(value)
        if fold(text) in NOTHING:
            return None
        if len(text) > chars_max:
            self.problem(field, "TOO_LONG", text)
            return text[: chars_max - 1] + "…"
        return text

    def text(self, field: str, chars_max: int = TEXT_CHARS_MAX, *, prefix: str = "") -> Text | None:
        """Return a text in its languages, without a prefix that only repeats the field's name."""
        zh = self.plain(field, chars_max)
        if zh is None:
            return None
        if prefix:
            zh = zh.removeprefix(prefix).lstrip(" :：")
        en = self._plain(self._english.get(field), f"en.{field}", chars_max)
        return Text(zh, en) if zh else None

    def names(self, field: str) -> tuple[str, ...]:
        """Return a list of names, each once, in order."""
        return tuple(dict.fromkeys(self._list(self._values.get(field), field, NAME_CHARS_MAX)))

    def texts(self, field: str) -> tuple[Text, ...]:
        """Return a list of texts; English ones only if there is one for each."""
        chinese = self._list(self._values.get(field), field, TEXT_CHARS_MAX)
        english = self._list(self._english.get(field), f"en.{field}", TEXT_CHARS_MAX)
        if english and len(english) != len(chinese):
            self.problem(f"en.{field}", "OTHER_LENGTH", english)
            english = []
        if not english:
            return tuple(Text(zh) for zh in chinese)
        return tuple(Text(zh, en) for zh, en in zip(chinese, english, strict=True))

    def _list(self, value: object, field: str, chars_max: int) -> list[str]:
        if not isinstance(value, list):
            single = self._plain(value, field, chars_max)
            return [] if single is None else [single]
        if len(value) > LIST_ITEMS_MAX:
            self.problem(field, "TOO_MANY", f"{len(value)}")
        read = (self._plain(item, field, chars_max) for item in value[:LIST_ITEMS_MAX])
        return [item for item in read if item is not None]

    def limit(self, field: str) -> TimeLimit | None:
        """Return a time limit such as ``7(工作日)``; a bare number counts working days."""
        text = self.plain(field, NAME_CHARS_MAX)
        if text is None:
            return None
        found = _LIMIT.fullmatch(fold(text))
        if not found or int(found[1]) > LIMIT_DAYS_MAX:
            self.problem(field, "NOT_A_LIMIT", text)
            return None
        return TimeLimit(int(found[1]), "calendar" if found[2] in _CALENDAR else "working")

    def count(self, field: str) -> int | None:
        """Return a number of visits."""
        text = self.plain(field, NAME_CHARS_MAX)
        if text is None:
            return None
        found = _COUNT.fullmatch(fold(text))
        if not found or int(found[1]) > VISITS_MAX:
            self.problem(field, "NOT_A_COUNT", text)
            return None
        return int(found[1])

    def flag(self, field: str) -> bool | None:
        """Return yes or no."""
        value = self._values.get(field)
        if isinstance(value, bool):
            return value
        text = self.plain(field, NAME_CHARS_MAX)
        if text is None:
            return None
        if fold(text) in _YES | _NO:
            return fold(text) in _YES
        self.problem(field, "NOT_A_FLAG", text)
        return None

    def phones(self, field: str) -> Phones | None:
        """Return telephone numbers."""
        text = self.plain(field)
        if text is None:
            return None
        read = read_phones(text)
        if read.reason:
            self.problem(field, read.reason, text)
        return read.phones

    def url(self, field: str) -> str | None:
        """Return a web address that is safe to offer as a link: http or https with a host, nothing else."""
        text = self.plain(field, URL_CHARS_MAX + 1)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        except ValueError:
            good = False
        if not good or len(text) > URL_CHARS_MAX or re.search(r"[\s<>\"]", text):
            self.problem(field, "NOT_A_URL", text)
            return None
        return text


def tidy(text: str) -> str:
    """Return the text without control characters and with single spaces."""
    return _WHITE.sub(" ", _CONTROL.sub(" ", text.replace("\r\n", "\n"))).strip()
