"""Every refusal has words in every locale, and every text is whole."""

import re
import string
import tomllib
from functools import cache
from typing import Any

import pytest

import collect
from shimin.kit.refusal import Refusal
from shimin.kit.text import LOCALES
from test_house import ROOT


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return every text of the platform by its code."""
    merged: dict[str, Any] = {}
    for folder in ("core/shimin", "graphql/shimin_graphql"):
        for path in sorted((ROOT / folder).rglob("texts.toml")):
            loaded = tomllib.loads(path.read_text("utf-8"))
            assert set(loaded) & set(merged) == set(), f"{path}: defined twice"
            merged |= loaded
    return merged


def placeholders(text: str) -> set[str]:
    """Return the names of the parameters a text uses."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_a_code_belongs_to_one_refusal() -> None:
    codes = [refusal.code for refusal in collect.refusals()]
    assert [code for code in codes if codes.count(code) > 1] == []


@pytest.mark.parametrize("refusal", collect.refusals(), ids=lambda refusal: refusal.code)
def test_a_refusal_has_words_in_every_locale(refusal: type[Refusal]) -> None:
    words = texts().get(refusal.code, {})
    assert [locale for locale in LOCALES if not words.get(locale)] == []
    known = set(refusal.__dataclass_fields__)  # type: ignore[attr-defined]
    for locale in LOCALES:
        assert placeholders(words[locale]) <= known


WORDS_ARE_VALUES = {"message.mini_app.note.title", "message.mini_app.note.body"}
"""Texts whose words were made in each language before: the same places, each ending in its language."""


@pytest.mark.parametrize("code", texts())
def test_a_text_says_the_same_in_every_locale(code: str) -> None:
    words = texts()[code]
    assert [locale for locale in LOCALES if not words.get(locale)] == []
    used = [placeholders(words[locale]) for locale in LOCALES]
    if code in WORDS_ARE_VALUES:
        used = [{place.rpartition("_")[0] for place in places} for places in used]
    assert used[0] == used[1]


@pytest.mark.parametrize("code", texts())
def test_a_chinese_text_is_chinese(code: str) -> None:
    own_words = re.sub(r"\{\w+\}", "", texts()[code]["zh-Hans"]).strip()
    assert not own_words or any("\u4e00" <= character <= "\u9fff" for character in own_words)
