"""A refusal is its code and typed parameters; its words exist in every locale."""

import pytest

from shimin.kit.refusal import InvalidInput, NotFound, Refusal
from shimin.kit.text import LOCALES, pick_locale, say, say_refusal


def test_a_refusal_takes_exactly_its_parameters() -> None:
    refusal = InvalidInput(field="phone", reason="shape")
    assert refusal.params == {"field": "phone", "reason": "shape"}
    assert str(refusal) == "INVALID_INPUT(field='phone', reason='shape')"
    with pytest.raises(TypeError):
        InvalidInput(field="phone")  # type: ignore[call-arg]


def test_a_refusal_is_said_in_the_callers_language_with_its_parameters() -> None:
    refusal = InvalidInput(field="phone", reason="shape")
    assert "phone" in say_refusal(refusal, "en")
    assert say_refusal(refusal, "zh-Hans") != say_refusal(refusal, "en")


def test_a_code_without_words_is_shown_as_itself() -> None:
    class Wordless(Refusal):
        code = "WORDLESS"

    assert [say_refusal(Wordless(), locale) for locale in LOCALES] == ["WORDLESS", "WORDLESS"]
    assert say(NotFound.code, "en") != NotFound.code


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "zh-Hans"),
        ("", "zh-Hans"),
        ("fr", "zh-Hans"),
        ("en", "en"),
        ("fr, en;q=0.5, zh;q=0.4", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en;q=0", "zh-Hans"),
        ("en;q=banana", "zh-Hans"),
        ("," * 5000 + "en", "zh-Hans"),
    ],
)
def test_the_locale_follows_the_accept_language_header(header: str | None, locale: str) -> None:
    assert pick_locale(header) == locale
