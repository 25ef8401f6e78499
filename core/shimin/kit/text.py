"""Words for people: looked up by code at the edge, complete in every locale."""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from importlib.abc import Traversable
from importlib.util import find_spec

from shimin.kit.call import Locale
from shimin.kit.refusal import Refusal

LOCALES: tuple[Locale, ...] = ("zh-Hans", "en")
"""Every text exists in all of them; the first is the default."""
PACKAGES = ("shimin", "shimin_graphql")
"""Where texts are looked for; the names are data here, nothing is imported upwards."""


def _text_files() -> Iterator[Traversable]:
    """Yield the ``texts.toml`` of every folder of the distribution's packages."""
    for package in PACKAGES:
        if find_spec(package):
            for folder in resources.files(package).iterdir():
                if folder.is_dir() and (folder / "texts.toml").is_file():
                    yield folder / "texts.toml"


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    """Load every ``texts.toml`` of the distribution once: ``{code: {locale: words, "help.<locale>": words}}``."""
    merged: dict[str, Mapping[str, str]] = {}
    for file in _text_files():
        for code, words in tomllib.loads(file.read_text("utf-8")).items():
            if code in merged:
                message = f"the text {code} is defined twice"
                raise ValueError(message)
            merged[code] = words
    return merged


def text_codes() -> frozenset[str]:
    """Return every code that has words."""
    return frozenset(_texts())


def words_of(code: str, locale: Locale) -> str | None:
    """Return the words for a code with their ``{name}`` places still open, or None where there are none."""
    return _texts().get(code, {}).get(locale)


def say(code: str, locale: Locale, params: Mapping[str, object] | None = None) -> str:
    """Return the words for a code, with ``{name}`` replaced by parameters; the code itself where there are none."""
    words = words_of(code, locale)
    if words is None:
        return code
    return words.format_map({key: str(value) for key, value in (params or {}).items()})


def say_refusal(refusal: Refusal, locale: Locale) -> str:
    """Return what to tell a person about a refusal and what to do next."""
    return say(refusal.code, locale, refusal.params)


@lru_cache(256)
def pick_locale(accept_language: str | None) -> Locale:
    """Choose a locale from an ``Accept-Language`` header; zh-Hans where nothing fits (RFC 9110 section 12.5.4)."""
    ranked: list[tuple[float, int, Locale]] = []
    for position, part in enumerate((accept_language or "")[:200].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.lower().split("-")[0]
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language in {"zh", "en"} and quality > 0:
            ranked.append((-quality, position, "en" if language == "en" else "zh-Hans"))
    return min(ranked)[2] if ranked else LOCALES[0]


def fold(text: str) -> str:
    """Make texts that people take for the same compare equal: NFKC (full-width to half-width) and case folding.

    Source: Unicode Standard Annex 15.
    """
    return unicodedata.normalize("NFKC", text).casefold()
