"""Reads telephone numbers out of what departments write into a telephone field."""

import re
import unicodedata
from dataclasses import dataclass

from shimin.catalogue.model import Phones

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
_NOT_PHONES = re.compile(r"https?://[!-~]+|[\w.+-]+@[\w.-]+|\d{1,2}:\d{2}(?:\s*-\s*\d{1,2}:\d{2})?")
"""Addresses and times of day, whose digits are no telephone numbers."""
_NUMBER = re.compile(
    r"""(?<![0-9A-Za-z_@])(?:
        (?P<mobile>1[3-9]\d{9})
      | (?P<toll_free>[48]00-?\d{3}-?\d{4}|[48]00-?\d{4}-?\d{3})
      | (?:\(\s*)?(?:\+?86[\s-]*)?(?:\(\s*)?(?P<area>0\d{2,3}|(?<=86)[1-9]\d{1,2}|(?<=86\s)[1-9]\d{1,2})\s*\)?[\s-]*
        (?P<subscriber>\d{4}\s?\d{3,4}|1[02-9]\d{3}|9[56]\d{3,4})
      | (?P<local>[2-9]\d{6,7})
      | (?P<service>12\d{3}|9[56]\d{3,4}|1[12][0-9])
    )(?:\s*(?:-|转|ext\.?)\s*(?P<extension>\d{1,6}(?:-\d{1,4})*))?(?![0-9A-Za-z_@])""",
    re.VERBOSE | re.IGNORECASE,
)
_LABELS = re.compile(r"(?:联系|咨询|投诉|监督|服务)?(?:电话|热线)(?:号码|咨询|投诉)?|拨打|或者?|[\s:;,、/.。。()和及]")
"""What may stand around numbers without saying anything more."""


@dataclass(frozen=True, slots=True)
class PhonesRead:
    """Numbers found, and whether the field says more than them."""

    phones: Phones | None
    reason: str | None
    """``NO_NUMBER`` or ``MORE_THAN_NUMBERS``; None if the field was read fully."""


def read_phones(text: str) -> PhonesRead:
    """Return the numbers of a field: area code and number joined by a dash, an extension behind another dash.

    A local number takes the area code of the number before it. Where the field holds more than numbers its whole text
    is kept as a note for people.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    searched = _NOT_PHONES.sub(lambda found: " " * len(found[0]), plain)
    numbers: dict[str, None] = {}
    area: str | None = None
    for found in _NUMBER.finditer(searched):
        number, area = _written(found, area)
        numbers[number] = None
    rest = _LABELS.sub("", _NUMBER.sub("", searched))
    says_more = bool(rest) or bool(_NOT_PHONES.search(plain))
    if not numbers:
        return PhonesRead(Phones((), text) if says_more else None, "NO_NUMBER")
    if says_more:
        return PhonesRead(Phones(tuple(numbers), text), "MORE_THAN_NUMBERS")
    return PhonesRead(Phones(tuple(numbers)), None)


def _written(found: re.Match[str], area_before: str | None) -> tuple[str, str | None]:
    """Return the number as it is dialled, and the area code that holds for a local number behind it."""
    extension = f"-{found['extension']}" if found["extension"] else ""
    if found["subscriber"]:
        area = found["area"] if found["area"].startswith("0") else f"0{found['area']}"
        subscriber = "".join(found["subscriber"].split())
        return f"{area}-{subscriber}{extension}", area
    if found["local"]:
        return (f"{area_before}-" if area_before else "") + found["local"] + extension, area_before
    return (found["mobile"] or found["toll_free"] or found["service"]) + extension, area_before
