"""How deeply JSON text is nested, found without parsing it: a parser may run out of stack on what a guest made."""

import re

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = str.maketrans("{}", "[]")
_OTHER = re.compile(r"[^\[\]]+")


def is_shallow(text: str, depth_max: int) -> bool:
    """Tell whether no value lies deeper than ``depth_max`` brackets, and whether brackets come in pairs.

    What is not JSON may pass; it then fails where it is parsed. Takes a few milliseconds per MiB.
    """
    if text.count("[") + text.count("{") == 0:
        return True
    brackets = _OTHER.sub("", _STRING.sub("", text).translate(_BRACKETS))
    # Each round takes away the innermost pairs, so the number of rounds is the depth.
    for _ in range(depth_max):
        if not brackets:
            return True
        brackets = brackets.replace("[]", "")
    return not brackets
