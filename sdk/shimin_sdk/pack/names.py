"""Names in a package: the same on every file system, for every reader, and to the eye.

Source: W3C MiniApp Packaging (file name restrictions); Unicode Standard Annexes 9 (bidi), 15 (NFC), 31.
"""

import re
import unicodedata
from collections.abc import Iterable

from shimin_sdk.findings import refuse

SEGMENT_BYTES_MAX = 255
PATH_BYTES_MAX = 512
FORBIDDEN = frozenset('<>:"|?*~#%{}^`')
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))})
"""Device names of Windows: a developer there could not unpack them."""
HIDDEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Characters without width."""

_DRIVE = re.compile(r"[A-Za-z]:")


def check_name(name: str) -> None:
    """Accept a path in a package, or refuse it with the rule it breaks.

    Raises:
        PackageError: ``E_NAME_*``.
    """
    if not name:
        raise refuse("E_NAME_EMPTY")
    if name.startswith("/") or _DRIVE.match(name):
        raise refuse("E_NAME_ABSOLUTE", name)
    if "\\" in name:
        raise refuse("E_NAME_BACKSLASH", name)
    if len(name.encode("utf-8", "replace")) > PATH_BYTES_MAX:
        raise refuse("E_NAME_LONG", name[:80], most=PATH_BYTES_MAX)
    for character in name:
        _check_character(character, name)
    if unicodedata.normalize("NFC", name) != name:
        raise refuse("E_NAME_NOT_NFC", name)
    for segment in name.split("/"):
        _check_segment(segment, name)


def _check_character(character: str, name: str) -> None:
    category = unicodedata.category(character)
    shown = f"U+{ord(character):04X}"
    if unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}:
        raise refuse("E_NAME_BIDI", name, character=shown)
    if character in "\u200e\u200f\u061c":
        raise refuse("E_NAME_BIDI", name, character=shown)
    if category == "Cc" or category in {"Zl", "Zp"}:
        raise refuse("E_NAME_CONTROL", name, character=shown)
    if category in {"Co", "Cs", "Cn"}:
        raise refuse("E_NAME_PRIVATE", name, character=shown)
    if character in HIDDEN or category == "Cf":
        raise refuse("E_NAME_HIDDEN", name, character=shown)
    if character in FORBIDDEN:
        raise refuse("E_NAME_CHARACTER", name, character=character)


def _check_segment(segment: str, name: str) -> None:
    if not segment:
        raise refuse("E_NAME_EMPTY", name)
    if segment in {".", ".."}:
        raise refuse("E_NAME_CLIMBS", name)
    if segment.startswith("."):
        raise refuse("E_NAME_DOTFILE", name)
    if segment != segment.strip() or segment.endswith("."):
        raise refuse("E_NAME_EDGE", name)
    if len(segment.encode()) > SEGMENT_BYTES_MAX:
        raise refuse("E_NAME_LONG", name[:80], most=SEGMENT_BYTES_MAX)
    if segment.partition(".")[0].casefold() in RESERVED:
        raise refuse("E_NAME_RESERVED", name)


def fold(name: str) -> str:
    """Return the form under which names that some file system takes for one are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def check_together(names: Iterable[str]) -> None:
    """Accept names side by side: none twice after folding, none both a file and a folder.

    Raises:
        PackageError: ``E_NAME_DUPLICATE`` or ``E_NAME_FILE_AND_FOLDER``.
    """
    files: dict[str, str] = {}
    folders: dict[str, tuple[str, str]] = {}
    for name in names:
        if fold(name) in files:
            raise refuse("E_NAME_DUPLICATE", name, other=files[fold(name)])
        files[fold(name)] = name
        parts = name.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            written, by = folders.setdefault(fold(folder), (folder, name))
            if written != folder:
                raise refuse("E_NAME_DUPLICATE", name, other=by)
    for folded, (_, name) in folders.items():
        if folded in files:
            raise refuse("E_NAME_FILE_AND_FOLDER", files[folded], other=name)
