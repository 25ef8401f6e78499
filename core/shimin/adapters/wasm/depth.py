"""How deeply JSON text is nested, found without parsing it: a parser may run out of stack on what a guest made."""

import re

BRACKETS_MAX = 131_072
"""More than this many brackets in one text are refused: no answer for a screen needs them."""
_ANY_BRACKET = re.compile(r"[\[\]{}]")
_AS_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_shallow(text: str, depth_max: int) -> bool:
    """Tell whether no value lies deeper than ``depth_max`` brackets, and whether brackets come in pairs.

    What is not JSON may pass; it then fails where it is parsed. Every step is one pass in C over what is left of the
    text, so that a hostile megabyte costs milliseconds.
    """
    if not _ANY_BRACKET.search(text):
        return True
    # A quote that is not escaped begins or ends a string: every second part lies outside.
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    brackets = outside.encode("ascii", "replace").translate(_AS_ONE_KIND, _NOT_BRACKETS)
    if len(brackets) > BRACKETS_MAX:
        return False
    too_deep = b"[" * (depth_max + 1)
    # Each round takes away the innermost pairs, so the number of rounds is the depth.
    for _ in range(depth_max):
        if not brackets:
            return True
        if too_deep in brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return not brackets
