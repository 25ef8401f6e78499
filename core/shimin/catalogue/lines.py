"""Reads a file line by line in bounded memory, whatever it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

LINE_BYTES_MAX = 256 * 1024
"""Longest line that is read; the longest published guide has five thousand bytes."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 1, its content, and how many bytes of the file lie before its end."""

    number: int
    content: bytes
    end: int
    is_too_long: bool = False
    """The content is only the beginning."""


def read_lines(file: IO[bytes]) -> Iterator[Line]:
    """Yield the lines of a file that are not blank; of one that is too long only the beginning."""
    number = end = 0
    while content := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        end += len(content)
        is_too_long = len(content) > LINE_BYTES_MAX and not content.endswith(b"\n")
        rest = content
        while is_too_long and not rest.endswith(b"\n") and (rest := file.readline(LINE_BYTES_MAX)):
            end += len(rest)
        if number == 1:
            content = content.removeprefix(_BOM)
        if content.strip():
            yield Line(number, content[:1000] if is_too_long else content, end, is_too_long)
