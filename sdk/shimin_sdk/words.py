"""The words of the codes that the SDK itself ends a call with; a package may say them better in its own texts."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "VALIDATION_FAILED": {
        "zh-Hans": "填写的内容有误，请检查后再提交。",
        "en": "Something in the form is not right. Please check it and send it again.",
    },
    "IDEMPOTENCY_KEY_MISSING": {
        "zh-Hans": "请求不完整，请返回后重试。",
        "en": "The request is incomplete. Please go back and try again.",
    },
    "OPERATION_UNKNOWN": {
        "zh-Hans": "这个服务暂时没有此功能。",
        "en": "This service does not have that function.",
    },
}


def own_words(code: str, locale: str) -> str:
    """Return the SDK's words for a code in the nearest of its two languages; empty if the code is not the SDK's."""
    words = WORDS.get(code, {})
    return words.get("zh-Hans" if locale.startswith("zh") else "en", "")
